/** From an answer to a hint to the page where a person carries it out. */
import { t } from '@/i18n'

/** `apply` is an address of the API (zones of a camera, or of the ground); empty: no page for it. */
export function carriedOut(apply: string | null): string {
  if (apply === '/api/zones/ground') return '/places'
  const device = /^\/api\/zones\/device:(.+)$/.exec(apply ?? '')?.[1]
  return device ? `/devices/${encodeURIComponent(device)}/zones` : ''
}

/** What the hint was about when it was answered, as it was kept. */
export function countsOf(counts: Readonly<Record<string, unknown>>): string {
  const number = (name: string): number => (typeof counts[name] === 'number' ? counts[name] : 0)
  return t('hint.rejected', { n: number('rejected'), m: number('confirmed') })
}
