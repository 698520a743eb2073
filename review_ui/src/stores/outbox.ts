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

const KEPT = 20
export const entries = shallowRef<readonly Entry[]>([])
export const written = shallowRef<readonly Written[]>([])
/** The last one that was to be taken back and could not be, and why. */
export const standing = shallowRef<{ entry: Entry; why: string } | null>(null)
let box: Outbox | null = null

/** whole: with all that were made together with it. */
export const undoDecision = (id: number, key: string, whole = false) =>
  ask(api.POST('/api/decisions/{id}/undo', { params: { path: { id } }, body: { key, whole } }))

function open(account: number): Outbox {
  const done = (entry: Entry, decided: Decided): void => void (written.value = [{ entry, decided }, ...written.value].slice(0, KEPT))
  return new Outbox({
    shelf: storageShelf(localStorage, account),
    send: (e) => ask(api.POST('/api/candidates/{id}/decisions', { params: { path: { id: e.candidate } }, body: e.body })),
    undo: (id, key) => undoDecision(id, key),
    later(act, ms) {
      const timer = setTimeout(act, ms)
      return () => clearTimeout(timer)
    },
    changed: (list) => void (entries.value = [...list]),
    done,
    stands(entry, decided, why) {
      done(entry, decided)
      standing.value = { entry, why }
    },
  })
}

export const forgetWritten = (decision: number): void => void (written.value = written.value.filter((w) => w.decided.decision.id !== decision))

watch(() => me.value?.id, (id) => {
  box?.stop()
  box = id === undefined ? null : open(id)
  if (id === undefined) entries.value = []
  written.value = []
  standing.value = null
  box?.resume()
}, { immediate: true, flush: 'sync' })

globalThis.addEventListener?.('online', () => box?.resume())

export const outbox = (): Outbox | null => box
