/** Boundaries, streets, shops, permitted places: read once. Devices are asked for by window (lib/deviceLayer). */
import { api, ask } from '@/api/client'
import type { MapData } from '@/api/types'

let asked: Promise<MapData> | null = null
export function mapData(): Promise<MapData> {
  asked ??= ask(api.GET('/api/map')).catch((error: unknown) => {
    asked = null
    throw error
  })
  return asked
}

/** After something on the ground was saved. */
export const forgetMap = (): void => void (asked = null)
