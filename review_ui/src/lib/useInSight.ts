/** Which elements of a room, by their number in `data-picture`, are in sight by more than half. */
import { onBeforeUnmount, onMounted, type Ref } from 'vue'

const SHARE = 0.6

/** `again()`: after what is in the room changed. */
export function useInSight(room: Readonly<Ref<HTMLElement | null>>, tell: (ids: ReadonlySet<number>) => void): { again(): void } {
  const inSight = new Set<number>()
  let watcher: IntersectionObserver | null = null
  function again(): void {
    watcher?.disconnect()
    inSight.clear()
    for (const el of room.value?.querySelectorAll('[data-picture]') ?? []) watcher?.observe(el)
  }
  onMounted(() => {
    watcher = new IntersectionObserver((changes) => {
      for (const c of changes) {
        const id = Number((c.target as HTMLElement).dataset['picture'])
        if (c.intersectionRatio >= SHARE) inSight.add(id)
        else inSight.delete(id)
      }
      tell(new Set(inSight))
    }, { threshold: [0, SHARE] })
    again()
  })
  onBeforeUnmount(() => watcher?.disconnect())
  return { again }
}
