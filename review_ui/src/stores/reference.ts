/** The words of the domain, as data: types, reasons, states, stages, squads, streets. Read once after sign-in. */
import { shallowRef } from 'vue'
import { api, ask } from '@/api/client'
import type { Named, Reference, Word } from '@/api/types'
import { language, t } from '@/i18n'

export type WordKind = 'types' | 'reasons' | 'candidate_states' | 'case_stages' | 'case_states' | 'zone_kinds' | 'roles' | 'approvals' | 'algorithm_states' | 'algorithm_acts' | 'algorithm_guards' | 'hint_cures'

export const reference = shallowRef<Reference | null>(null)
let asked: Promise<void> | null = null

export function loadReference(): Promise<void> {
  if (reference.value) return Promise.resolve()
  asked ??= ask(api.GET('/api/reference'))
    .then((words) => void (reference.value = words))
    .finally(() => (asked = null))
  return asked
}

export const said = (word: Pick<Word, 'zh' | 'en'>): string => (language.value === 'zh' ? word.zh : word.en)

export function word(kind: WordKind, code: string | null | undefined): string {
  if (!code) return '–'
  const found = reference.value?.[kind].find((w) => w.code === code)
  return found ? said(found) : `${t('common.unknown')}（${code.replaceAll('_', ' ')}）`
}

export function named(thing: { name: string; name_en: string } | null | undefined): string {
  if (!thing) return '–'
  return language.value === 'zh' ? thing.name : thing.name_en || thing.name
}

/** A name from its code; for filters in the address. */
export function nameOf(kind: 'squads' | 'streets', code: string): string {
  const found: Named | undefined = reference.value?.[kind].find((n) => n.code === code)
  return found ? named(found) : code
}
