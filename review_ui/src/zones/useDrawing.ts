/** Drawing a new shape point by point: clicks add, the first corner or Enter closes, Backspace takes back, Escape gives up. */
import { computed, shallowRef } from 'vue'
import { crossing, outside, refusal, type Point, type Refusal, type Space } from '@/lib/shapes'

interface Room {
  tool: () => 'select' | 'polygon' | 'line'
  space: () => Space
  project: (p: Point) => Point
  /** From a screen point to the plane, snapped. */
  grounded: (p: Point) => Point
  drawn: (points: Point[]) => void
  refused: (why: Refusal) => void
  /** Given up. */
  done: () => void
}
const CLOSE_PX = 12
/** A press that travels further was meant to move the map. */
const CLICK_PX = 5

export function useDrawing(room: Room) {
  const points = shallowRef<Point[]>([])
  const pointer = shallowRef<Point | null>(null)
  let pressed: Point | null = null
  const fixed = computed(() => points.value.map(room.project))
  const closable = computed(() => room.tool() === 'polygon' && points.value.length >= 3)
  const clear = (): void => void (points.value = [])

  function finish(): void {
    const closed = room.tool() === 'polygon'
    const why = refusal(points.value, closed, room.space())
    if (why) return room.refused(why)
    const made = points.value
    clear()
    room.drawn(made)
  }

  function add(screen: Point): void {
    const first = fixed.value[0]
    if (closable.value && first && Math.hypot(first[0] - screen[0], first[1] - screen[1]) < CLOSE_PX) return finish()
    const next = [...points.value, room.grounded(screen)]
    if (outside(next, room.space()) >= 0) return room.refused({ key: 'zone.no.outside', values: { n: next.length } })
    if (next.length > 1 && next.at(-1)?.join() === next.at(-2)?.join()) return closable.value ? finish() : undefined
    const crossed = crossing(next, false)
    if (crossed) return room.refused({ key: 'zone.no.cross', values: { a: crossed[0], b: crossed[1] } })
    points.value = next
    if (room.tool() === 'line' && next.length === 2) finish()
  }

  return {
    fixed, closable, clear,
    screen: computed(() => (pointer.value && fixed.value.length ? [...fixed.value, pointer.value] : fixed.value)),
    down(screen: Point, event: PointerEvent): void {
      pressed = room.tool() !== 'select' && event.button === 0 ? screen : null
    },
    up(screen: Point, event: PointerEvent): void {
      if (pressed && room.tool() !== 'select' && Math.hypot(pressed[0] - screen[0], pressed[1] - screen[1]) < CLICK_PX) {
        event.preventDefault()
        add(screen)
      }
      pressed = null
    },
    move: (screen: Point): void => void (pointer.value = screen),
    key(event: KeyboardEvent): boolean {
      if (room.tool() === 'select') return false
      if (event.key === 'Escape') {
        if (points.value.length) clear()
        else room.done()
      } else if (event.key === 'Enter' && points.value.length) finish()
      else if (event.key === 'Backspace' && points.value.length) points.value = points.value.slice(0, -1)
      else return false
      return true
    },
  }
}
