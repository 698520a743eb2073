/** Shapes to and from files. */
import { api, ask } from '@/api/client'
import type { Shape } from '@/api/types'

export function download(name: string, data: unknown): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 1)], { type: 'application/geo+json' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

const name = (scope: string): string => scope.replace('device:', '')

/** One version as GeoJSON, to the person's disk. */
export async function exportVersion(scope: string, revision: number | undefined): Promise<void> {
  const data = await ask(api.GET('/api/zones/{scope}/geojson', { params: { path: { scope }, query: { revision } } }))
  download(`${name(scope)}${revision ? `-v${revision}` : ''}.geojson`, data)
}

/** What is not saved yet, so that it is not lost. */
export const exportDraft = (scope: string, shapes: readonly Shape[]): void => download(`${name(scope)}-draft.json`, shapes)

export class NotJson extends Error {}

/** Reads a file and lets the API check it; nothing is saved. */
export async function readFile(scope: string, file: File): Promise<Shape[]> {
  let body: Record<string, never>
  try {
    body = JSON.parse(await file.text()) as Record<string, never>
  } catch {
    throw new NotJson(file.name)
  }
  return ask(api.POST('/api/zones/{scope}/geojson', { params: { path: { scope } }, body }))
}
