/** The account's outbox, and the last decisions that were written. Lives as long as the account is signed in here. */
import { shallowRef, watch } from 'vue'
import { api, ask } from '@/api/client'
import type { Decided } from '@/api/types'
import { Outbox, storageShelf, type Entry } from '@/queue/outbox'
import { me } from './session'

export interface Written {
  entry: Entry
  decided: Decided
}

export const entries = shallowRef<readonly Entry[]>([])
export const written = shallowRef<readonly Written[]>([])
let box: Outbox | null = null

function open(account: number): Outbox {
  return new Outbox({
    shelf: storageShelf(localStorage, account),
    send: (e) => ask(api.POST('/api/candidates/{id}/decisions', { params: { path: { id: e.candidate } }, body: e.body })),
    later(act, ms) {
      const timer = setTimeout(act, ms)
      return () => clearTimeout(timer)
    },
    changed: (list) => void (entries.value = [...list]),
    done: (entry, decided) => void (written.value = [{ entry, decided }, ...written.value].slice(0, 20)),
  })
}

watch(() => me.value?.id, (id) => {
  box?.stop()
  box = id === undefined ? null : open(id)
  if (id === undefined) entries.value = []
  written.value = []
  box?.resume()
}, { immediate: true, flush: 'sync' })

globalThis.addEventListener?.('online', () => box?.resume())

export const outbox = (): Outbox | null => box
