/** The evidence as a checklist. */
import type { CompletenessItem } from '@/api/types'

const rank = (item: CompletenessItem): number => (item.ok === false ? 0 : item.ok === null ? 1 : 2)

/** What is missing first, then what can only be told, then what holds; within each as the bureau ordered them. */
export const missingFirst = (items: readonly CompletenessItem[]): CompletenessItem[] => [...items].sort((a, b) => rank(a) - rank(b))

export const missing = (items: readonly CompletenessItem[]): CompletenessItem[] => items.filter((i) => i.ok === false)

/** A reason with one more sentence in it, or without it when it was there. */
export function toggled(reason: string, sentence: string, between: string): string {
  const parts = reason.split(between).map((p) => p.trim()).filter(Boolean)
  const rest = parts.filter((p) => p !== sentence)
  return (rest.length < parts.length ? rest : [...parts, sentence]).join(between)
}
