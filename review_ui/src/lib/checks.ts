/** The checks of the rule and the law, put into words. Unknown codes stay readable. */
import type { Check } from '@/api/types'
import { language, maybe, t } from '@/i18n'
import { duration, short } from './format'

export type WordOf = (kind: 'zone_kinds' | 'approvals', code: string) => string

const num = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
const lasting = (value: unknown): string => {
  const n = num(value)
  return n === null ? '–' : duration(n, language.value)
}
const named = (value: unknown): string => (value === null || value === undefined || value === '' ? '' : String(value))

const percent = (value: unknown): string => {
  const n = num(value)
  return n === null ? t('common.unknown') : `${Math.round(n * 100)}%`
}

/** Codes joined by comma, space or 、 in one string. */
const codesIn = (value: unknown): string[] => named(value).split(/[\s,、;]+/).filter(Boolean)

type Say = (check: Check, word: WordOf) => string

const says: Record<string, Say> = {
  pictures: ({ values: v }) => t('check.pictures', { count: num(v['count']) ?? '–', needed: num(v['needed']) ?? '–' }),
  spacing: ({ values: v }) => t('check.spacing', { least: lasting(v['least_s']), needed: lasting(v['needed_s']) }),
  dwell: ({ values: v }) =>
    t('check.dwell', { dwell: lasting(v['dwell_s']), observed: lasting(v['observed_s']), needed: lasting(v['needed_s']) }),
  approval: ({ values: v }, word) => {
    const missing = codesIn(v['missing']).map((code) => word('approvals', code))
    return missing.length ? t('check.approvalMissing', { missing: missing.join(t('common.comma')) }) : t('check.approval')
  },
  clock: ({ values: v }) => {
    const source = maybe(`source.${named(v['source'])}`, named(v['source']) || t('common.unknown'))
    const offset = num(v['offset_s'])
    return offset === null ? t('check.clockSource', { source }) : t('check.clock', { offset: short(Math.abs(offset), 2), source })
  },
  permitted: ({ values: v }) => (named(v['place']) ? t('check.permitted', { place: named(v['place']) }) : t(v['known'] === false ? 'check.permittedUnknown' : 'check.permittedNone')),
  hours: ({ ok }) => (ok === null ? t('check.hoursInfo') : ok ? t('check.hours') : t('check.hoursNot')),
  zone: ({ values: v }, word) => {
    const share = percent(v['share'])
    return named(v['kind']) ? t('check.zone', { kind: word('zone_kinds', named(v['kind'])), share }) : t('check.zoneAny', { share })
  },
  company: ({ values: v }) => t('check.company', { labels: named(v['labels']).split(/( [/+] )/).map((one) => maybe(`class.${one}`, one)).join(''), share: percent(v['share']) }),
  attended: ({ values: v }) => t(v['attended'] === 'yes' ? 'check.attended' : 'check.unattended', { share: percent(v['share']) }),
  unnamed: () => t('check.unnamed'),
  special_duty: ({ values: v }) => t('check.specialDuty', { zone: named(v['zone']) }),
  district: () => t('check.district'),
  passes: ({ values: v }) => t('check.passes', { count: num(v['count']) ?? '–', needed: num(v['needed']) ?? '–' }),
  position: ({ values: v }) => {
    const error = num(v['error_m'])
    return error === null ? t('check.positionUnknown') : t('check.position', { error: short(error) })
  },
}

export function checkWords(check: Check, word: WordOf): string {
  const say = says[check.code]
  if (say) return say(check, word)
  const values = Object.entries(check.values)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${typeof value === 'number' ? short(value, 2) : named(value) || '–'}`)
    .join(' · ')
  return t('check.other', { code: check.code.replaceAll('_', ' '), values }).trim()
}
