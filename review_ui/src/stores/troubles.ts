/** Cameras whose picture is at fault: asked once a minute while somebody who sees devices has the page before them. */
import { shallowRef, watch } from 'vue'
import { api, ask } from '@/api/client'
import type { TroubledCamera } from '@/api/types'
import { may, me } from './session'

export const troubles = shallowRef<readonly TroubledCamera[]>([])
const EVERY_MS = 60_000
let timer: ReturnType<typeof setInterval> | undefined

/** What cannot be read leaves the last answer standing: the page that is open says that the server is away. */
export async function lookForTroubles(): Promise<void> {
  if (!may('devices') || document.hidden) return
  const who = me.value?.id
  const found = await ask(api.GET('/api/camera-conditions')).catch(() => null)
  if (found && me.value?.id === who) troubles.value = found
}

watch(() => me.value?.id, (id) => {
  clearInterval(timer)
  troubles.value = []
  if (id === undefined) return
  void lookForTroubles()
  timer = setInterval(() => void lookForTroubles(), EVERY_MS)
}, { immediate: true })
globalThis.document?.addEventListener('visibilitychange', () => void lookForTroubles())
