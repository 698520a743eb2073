/** Distances on the ground, WGS-84, good over some hundred metres. */
const METRES_PER_DEGREE = 111_320

export interface Place {
  latitude: number | null
  longitude: number | null
}

/** Metres between two places; null where one is not known. */
export function metresBetween(a: Place, b: Place): number | null {
  if (a.latitude === null || a.longitude === null || b.latitude === null || b.longitude === null) return null
  const north = (b.latitude - a.latitude) * METRES_PER_DEGREE
  const east = (b.longitude - a.longitude) * METRES_PER_DEGREE * Math.cos((a.latitude * Math.PI) / 180)
  return Math.hypot(north, east)
}

/** Those within so many metres, without the one itself, newest first as they came. */
export function near<T extends Place & { id: number }>(all: readonly T[], at: T, metres: number): T[] {
  return all.filter((one) => {
    const away = metresBetween(at, one)
    return one.id !== at.id && away !== null && away <= metres
  })
}
