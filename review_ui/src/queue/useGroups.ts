/** Groups of alike candidates of which several wait: the largest first. Nothing is held by asking. */
import { onBeforeUnmount, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { api, ask } from '@/api/client'
import type { Group } from '@/api/types'
import type { Filters } from './queue'

const ASK_MS = 30_000

export function askGroups(filters: Filters): Promise<Group[]> {
  const { stage, squad, street, type, device, algorithm } = filters
  if (stage === 'legal') return Promise.resolve([])
  const query = { stage, squad: squad ?? undefined, street: street ?? undefined, type: type ?? undefined, device: device ?? undefined, algorithm: algorithm ?? undefined }
  return ask(api.GET('/api/queue/groups', { params: { query } }))
}

/** null: not yet known. */
export function useGroups(filters: Readonly<Ref<Filters>>): { list: ShallowRef<readonly Group[] | null>; refresh(): Promise<void> } {
  const list = shallowRef<readonly Group[] | null>(null)
  let asking = 0
  async function refresh(): Promise<void> {
    if (document.hidden) return
    const mine = ++asking
    const got = await askGroups(filters.value).catch(() => null)
    if (got && mine === asking) list.value = got
  }
  watch(filters, () => void refresh(), { immediate: true })
  const timer = setInterval(() => void refresh(), ASK_MS)
  onBeforeUnmount(() => clearInterval(timer))
  return { list, refresh }
}
