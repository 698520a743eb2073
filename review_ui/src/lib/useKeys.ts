/** Listens to keys while the page is open. The browser's own keys are never taken. */
import { onBeforeUnmount, onMounted, type Ref } from 'vue'
import { keysOf } from '@/stores/keymap'
import { actFor, isTyping, ownsArrows, type Act, type Room } from './keys'

/** first: what the page does with a key of itself (a menu that is open, a box being moved); true when it took it. */
export function useKeys(room: Readonly<Ref<Room>>, act: (a: Act) => boolean, first?: (event: KeyboardEvent) => boolean): void {
  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || isTyping(event.target) || ownsArrows(event.target, event.key) || document.querySelector('dialog[open]')) return
    if (first?.(event)) return event.preventDefault()
    const meaning = actFor(event, keysOf(room.value))
    if (meaning && act(meaning)) event.preventDefault()
  }
  onMounted(() => addEventListener('keydown', onKey))
  onBeforeUnmount(() => removeEventListener('keydown', onKey))
}
