/** Listens to keys while the page is open. The browser's own keys are never taken. */
import { onBeforeUnmount, onMounted, type Ref } from 'vue'
import { reasonKeys } from '@/stores/reference'
import { actFor, isTyping, type Act } from './keys'

export function useKeys(stage: Readonly<Ref<'first' | 'senior' | 'legal' | 'reading'>>, act: (a: Act) => boolean): void {
  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || isTyping(event.target) || document.querySelector('dialog[open]')) return
    const meaning = actFor(event, stage.value, reasonKeys.value)
    if (meaning && act(meaning)) event.preventDefault()
  }
  onMounted(() => addEventListener('keydown', onKey))
  onBeforeUnmount(() => removeEventListener('keydown', onKey))
}
