/** Pictures of what is held, loaded and decoded before they are asked for. */
import type { Candidate } from '@/api/types'

const kept = new Map<number, HTMLImageElement[]>()

export function preload(candidate: Candidate): void {
  const images = candidate.pictures.map((p) => {
    const image = new Image()
    image.fetchPriority = 'low' // what lies on the desk comes first
    image.src = p.url
    image.decode().catch(() => undefined) // the stage itself says that a picture cannot be read
    return image
  })
  kept.set(candidate.id, images)
}

/** Lets go of all but these. */
export function keepOnly(ids: readonly number[]): void {
  for (const id of kept.keys()) if (!ids.includes(id)) kept.delete(id)
}
