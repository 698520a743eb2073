/** Shops, from the map's data: for choosing one and for calling it by its name. */
import { shallowRef } from 'vue'
import { mapData } from '@/stores/mapdata'
import type { Point } from '@/lib/shapes'

export interface ShopOnMap {
  code: string
  name: string
  line: Point[]
}
interface Feature {
  geometry: { coordinates: unknown }
  properties: Record<string, unknown>
}

export const shops = shallowRef<ShopOnMap[]>([])
export const streets = shallowRef<Point[][]>([])
const features = (collection: Record<string, unknown>): Feature[] => (collection['features'] ?? []) as Feature[]

export async function loadShops(): Promise<void> {
  const data = await mapData()
  shops.value = features(data.shops).map((f) => ({ code: String(f.properties['code']), name: String(f.properties['name']), line: f.geometry.coordinates as Point[] }))
  streets.value = features(data.streets).map((f) => f.geometry.coordinates as Point[])
}

export const shopName = (code: string): string => shops.value.find((s) => s.code === code)?.name ?? code
