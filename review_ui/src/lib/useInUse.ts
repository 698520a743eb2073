/** Whether somebody is at the page: it is visible, and a key, the mouse or a finger was felt lately. */
import { onBeforeUnmount, onMounted } from 'vue'

const SIGNS = ['keydown', 'pointermove', 'pointerdown', 'wheel'] as const
const LATELY_MS = 180_000

export function useInUse(back: () => void): () => boolean {
  let felt = performance.now()
  const feel = (): void => void (felt = performance.now())
  const seen = (): void => {
    if (document.hidden) return
    feel()
    back()
  }
  onMounted(() => {
    for (const sign of SIGNS) addEventListener(sign, feel, { passive: true })
    document.addEventListener('visibilitychange', seen)
  })
  onBeforeUnmount(() => {
    for (const sign of SIGNS) removeEventListener(sign, feel)
    document.removeEventListener('visibilitychange', seen)
  })
  return () => !document.hidden && performance.now() - felt < LATELY_MS
}
