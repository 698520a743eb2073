/** The devices in a map's window, asked for as the map is moved: each of them, or clusters where they are many. */
import type { LayerGroup, LatLngBounds, Map as LeafletMap } from 'leaflet'
import { api, ask } from '@/api/client'
import { t } from '@/i18n'
import { count } from '@/lib/format'
import { named } from '@/stores/reference'

const REST_MS = 200
/** Asked for beyond the window on each side, so that a small move asks nothing. */
const AROUND = 0.1
/** A cluster has so many pixels to itself. */
const ROOM = 64
const within = (low: number, x: number, high: number): number => Math.min(high, Math.max(low, x))

export function showDevices(L: typeof import('leaflet'), map: LeafletMap): void {
  const layer: LayerGroup = L.layerGroup().addTo(map)
  const colour = getComputedStyle(document.documentElement).getPropertyValue('--accent').trim()
  let known: LatLngBounds | null = null // every device in it is shown
  let round = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function read(): Promise<void> {
    if (known?.contains(map.getBounds()) || !map.getSize().x) return
    const mine = ++round
    const box = map.getBounds().pad(AROUND)
    const query = { west: within(-180, box.getWest(), 179.9), south: within(-90, box.getSouth(), 89.9), east: within(-179.9, box.getEast(), 180), north: within(-89.9, box.getNorth(), 90), cells: within(1, Math.floor((Math.max(map.getSize().x, map.getSize().y) * (1 + 2 * AROUND)) / ROOM), 24) }
    // What cannot be read leaves the last devices standing; the page tells of an outage elsewhere.
    const got = await ask(api.GET('/api/map/devices', { params: { query } })).catch(() => null)
    if (!got || mine !== round) return
    known = got.clusters.length ? null : box
    layer.clearLayers()
    for (const d of got.points) {
      const text = document.createElement('span') // an element, since a string would be read as HTML
      text.textContent = named(d)
      L.circleMarker([d.latitude, d.longitude], { radius: 4.5, color: '#fff', weight: 1.5, fillColor: colour, fillOpacity: 1 }).bindTooltip(text).addTo(layer)
    }
    for (const c of got.clusters) {
      const size = 24 + 6 * Math.log10(c.count)
      const icon = L.divIcon({ html: `<b>${count(c.count)}</b>`, className: 'cluster', iconSize: [size, size] })
      L.marker([c.latitude, c.longitude], { icon, keyboard: false, title: t('view.cluster', { n: count(c.count) }) })
        .on('click', () => map.setView([c.latitude, c.longitude], map.getZoom() + 2))
        .addTo(layer)
    }
  }
  const later = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void read(), REST_MS)
  }
  map.on('moveend resize', later)
  map.on('unload', () => {
    clearTimeout(timer)
    round++
  })
  later()
}
