/** Shapes while they are edited: every change can be undone; nothing leaves this page before it is saved. */
import { computed, ref, shallowRef } from 'vue'
import type { Shape, Shapes } from '@/api/types'
import { difference } from './shapes'

const MOST_STEPS = 200
/** Changes of one kind that follow each other this fast are one step: arrow keys, typing. */
const ONE_STEP_MS = 900

export function useDraft(now: () => number = () => performance.now()) {
  const base = shallowRef<Shapes | null>(null)
  const shapes = shallowRef<Shape[]>([])
  const undoable = shallowRef<Shape[][]>([])
  const redoable = shallowRef<Shape[][]>([])
  const selected = ref<string | null>(null)
  let last = { what: '', at: -Infinity }

  function begin(from: Shapes): void {
    base.value = from
    shapes.value = from.shapes
    undoable.value = []
    redoable.value = []
    last = { what: '', at: -Infinity }
    keepSelection()
  }

  /** `what`: the same for changes that belong together. */
  function change(next: Shape[], what = ''): void {
    const at = now()
    const joined = what !== '' && what === last.what && at - last.at < ONE_STEP_MS
    if (!joined) undoable.value = [...undoable.value, shapes.value].slice(-MOST_STEPS)
    last = { what, at }
    redoable.value = []
    shapes.value = next
    keepSelection()
  }

  function put(code: string, parts: Partial<Shape>, what = ''): void {
    change(shapes.value.map((s) => (s.code === code ? { ...s, ...parts } : s)), what && `${what}:${code}`)
  }

  function add(more: Shape[]): void {
    change([...shapes.value, ...more])
    selected.value = more.at(-1)?.code ?? selected.value
  }

  const remove = (code: string): void => change(shapes.value.filter((s) => s.code !== code))

  function step(from: typeof undoable, to: typeof undoable): void {
    const before = from.value.at(-1)
    if (!before) return
    from.value = from.value.slice(0, -1)
    to.value = [...to.value, shapes.value]
    shapes.value = before
    last = { what: '', at: -Infinity }
    keepSelection()
  }

  function keepSelection(): void {
    if (!shapes.value.some((s) => s.code === selected.value)) selected.value = null
  }

  const changes = computed(() => difference(base.value?.shapes ?? [], shapes.value))
  return {
    base, shapes, selected, begin, change, put, add, remove, changes,
    undo: () => step(undoable, redoable),
    redo: () => step(redoable, undoable),
    canUndo: computed(() => undoable.value.length > 0),
    canRedo: computed(() => redoable.value.length > 0),
    dirty: computed(() => Object.values(changes.value).some((list) => list.length > 0)),
    current: computed(() => shapes.value.find((s) => s.code === selected.value) ?? null),
  }
}
export type Draft = ReturnType<typeof useDraft>
