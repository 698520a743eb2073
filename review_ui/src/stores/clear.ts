/** Leave to see items of evidence uncovered, until when; by item. */
import { reactive, ref, watch } from 'vue'
import { api, ask } from '@/api/client'
import { me } from './session'

/** The page covers again a little before the server does. */
const BEFORE_MS = 3_000
const until = reactive(new Map<number, number>())
const now = ref(Date.now())
let ticking: ReturnType<typeof setInterval> | undefined

function tick(): void {
  now.value = Date.now()
  for (const [id, end] of until) if (end <= now.value) until.delete(id)
  if (until.size) return
  clearInterval(ticking)
  ticking = undefined
}

/** Seconds that are left; 0: covered. */
export const clearFor = (id: number): number => Math.max(0, Math.ceil(((until.get(id) ?? 0) - now.value) / 1000))

/** Where an item is read, as covered as it has to be. */
export const seenAt = (id: number, url: string): string => (until.has(id) ? `${url}${url.includes('?') ? '&' : '?'}clear=true` : url)

export const uncovered = <T extends { id: number; url: string }>(item: T | undefined): T | undefined =>
  item && until.has(item.id) ? { ...item, url: seenAt(item.id, item.url) } : item

/** The item's number, of the address that it is served at. */
export const itemOf = (url: string): number => Number(/\/evidence\/(\d+)/.exec(url)?.[1] ?? 0)

export async function uncover(id: number, reason: string): Promise<void> {
  const leave = await ask(api.POST('/api/evidence/{id}/unblur', { params: { path: { id } }, body: { reason } }))
  now.value = Date.now()
  until.set(id, Date.parse(leave.until) - BEFORE_MS)
  ticking ??= setInterval(tick, 1000)
}

export const cover = (id: number): void => void until.delete(id)
// Whoever signs in next starts with everything covered.
watch(() => me.value?.username, () => until.clear())
