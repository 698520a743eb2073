/** The keys as this account has set them in this browser. */
import { shallowRef, watch } from 'vue'
import { bindings, keyCap, keyOf, sound, type Changed, type Reasons, type Room } from '@/lib/keys'
import { recall, remember } from '@/lib/storage'
import { reference } from './reference'
import { me } from './session'

const nameOf = (): string => `keys.${me.value?.id ?? 0}`
export const changed = shallowRef<Changed>({})

export const reasons = (): Reasons => new Map((reference.value?.reasons ?? []).flatMap((r) => (r.key ? [[r.code, r.key] as const] : [])))

watch([() => me.value?.id, reference], () => {
  try {
    changed.value = sound(JSON.parse(recall(nameOf()) ?? '{}'), reasons())
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    changed.value = {}
  }
}, { immediate: true })

function keep(to: Changed): void {
  changed.value = to
  remember(nameOf(), JSON.stringify(to))
}

export const setKey = (name: string, key: string): void => keep({ ...changed.value, [name]: key })
export const resetKeys = (): void => keep({})

export const keysOf = (room: Room) => bindings(room, reasons(), changed.value)
/** The key of an act in a room, as it is written. */
export const cap = (room: Room, name: string): string => keyCap(keyOf(keysOf(room), name))
