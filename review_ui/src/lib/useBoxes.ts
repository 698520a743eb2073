/** The boxes a reviewer corrects on one candidate's pictures. The sealed evidence stays as it is. */
import { computed, ref, watch, type Ref } from 'vue'
import type { DecisionIn, Picture } from '@/api/types'
import { dragged, rounded, same, type Xyxy } from './boxes'

const STEP = 0.004
const COARSE = 5
const MOVES: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const NEW: Xyxy = [0.4, 0.4, 0.6, 0.6]

const found = (picture: Picture): Xyxy[] => picture.boxes.filter((b) => b.subject).map((b) => [...b.xyxy] as Xyxy)

export function useBoxes(picture: Readonly<Ref<Picture | undefined>>, candidate: () => number, label: () => string) {
  const on = ref(false)
  const chosen = ref(0)
  const changed = ref<Record<number, Xyxy[]>>({})
  let before: Xyxy[] | undefined
  watch(candidate, () => {
    on.value = false
    changed.value = {}
  })
  watch(picture, () => (on.value = false))

  const boxes = computed<Xyxy[]>({
    get: () => (picture.value ? (changed.value[picture.value.id] ?? found(picture.value)) : []),
    set(to) {
      if (picture.value) changed.value = { ...changed.value, [picture.value.id]: to }
    },
  })
  function toggle(): void {
    if (!picture.value) return
    on.value = !on.value
    before = changed.value[picture.value.id]
    chosen.value = 0
    if (on.value && !boxes.value.length) boxes.value = [NEW]
  }
  function drop(): void {
    const id = picture.value?.id
    if (id !== undefined) changed.value = Object.fromEntries(Object.entries(changed.value).flatMap(([k, v]) => (Number(k) !== id ? [[k, v]] : before ? [[k, before]] : [])))
    on.value = false
  }
  /** Arrows move, with Shift the lower right corner; Page keys of the browser stay the browser's. */
  function key(event: KeyboardEvent): boolean {
    if (!on.value || event.ctrlKey || event.altKey || event.metaKey) return false
    const move = MOVES[event.key]
    if (move) {
      const step = STEP * (event.repeat ? COARSE : 1)
      boxes.value = boxes.value.map((b, i) => (i === chosen.value ? dragged(b, event.shiftKey ? 'se' : 'move', move[0] * step, move[1] * step) : b))
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      boxes.value = boxes.value.filter((_, i) => i !== chosen.value)
      chosen.value = 0
    } else if (event.key.toLowerCase() === 'n') {
      boxes.value = [...boxes.value, NEW]
      chosen.value = boxes.value.length - 1
    } else if (event.key === 'Enter') on.value = false
    else if (event.key === 'Escape') drop()
    else return false
    return true
  }
  /** Only pictures whose boxes differ from what the detector said. */
  function result(pictures: readonly Picture[]): DecisionIn['boxes'] {
    const out = pictures.flatMap((p) => {
      const to = changed.value[p.id]
      return to && !same(to, found(p)) ? [{ picture: p.id, boxes: to.map((b) => ({ label: p.boxes.find((x) => x.subject)?.label ?? label(), xyxy: rounded(b) })) }] : []
    })
    return out.length ? out : null
  }
  const touched = computed(() => Object.keys(changed.value).length > 0)
  return { on, chosen, boxes, touched, toggle, drop, key, result }
}
