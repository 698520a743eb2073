/** Days of Asia/Shanghai as `2026-10-31`, and places on the strip of one. */
import { day } from './format'

const DAY_S = 86_400

/** The day `n` days after. */
export function plusDays(of: string, n: number): string {
  return new Date(Date.parse(`${of}T00:00:00Z`) + n * DAY_S * 1000).toISOString().slice(0, 10)
}

export const today = (): string => day(new Date())

/** Whether it is a day that exists. */
export function isDay(text: string | null): text is string {
  return text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))
}

/** Where a moment lies in a day: 0 at midnight in Shanghai, 1 at the next; cut at both ends. */
export function shareOfDay(iso: string, of: string): number {
  const seconds = (Date.parse(iso) - Date.parse(`${of}T00:00:00+08:00`)) / 1000
  return Math.min(1, Math.max(0, seconds / DAY_S))
}
