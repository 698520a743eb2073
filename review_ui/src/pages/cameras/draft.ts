/** A plan as its form holds it: empty fields are empty texts, times are Shanghai's. */
import type { CalendarData, Plan, PlanIn } from '@/api/types'
import { dateTime } from '@/lib/format'

export interface DutyDraft { name: string; since: string; until: string; interval_s: number | '' }

export interface Draft {
  name: string
  interval_s: number | ''
  slowest_s: number | ''
  weight: number
  algorithm_id: number | null
  tiling: 'whole' | 'tiles' | null
  types: string[]
  targets: { district: boolean; squads: string[]; groups: string[] }
  codes: string
  calendar: CalendarData | null
  valid_from: string
  valid_to: string
  special: DutyDraft[]
  active: boolean
}

export const blank = (): Draft => ({
  name: '', interval_s: 300, slowest_s: '', weight: 1, algorithm_id: null, tiling: null, types: [], targets: { district: false, squads: [], groups: [] },
  codes: '', calendar: null, valid_from: '', valid_to: '', special: [], active: true,
})

const forInput = (iso: string): string => dateTime(iso).slice(0, 16).replace(' ', 'T')
const moment = (local: string): string => `${local}:00+08:00`

export function draftOf(p: Plan): Draft {
  return {
    name: p.name, interval_s: p.interval_s, slowest_s: p.slowest_s ?? '', weight: p.weight ?? 1, algorithm_id: p.algorithm_id ?? null, tiling: p.tiling ?? null,
    types: [...(p.types ?? [])],
    targets: { district: p.targets.district ?? false, squads: [...(p.targets.squads ?? [])], groups: [...(p.targets.groups ?? [])] },
    codes: (p.targets.devices ?? []).join('\n'),
    calendar: p.calendar ?? null, valid_from: p.valid_from ?? '', valid_to: p.valid_to ?? '',
    special: (p.special ?? []).map((d) => ({ name: d.name, since: forInput(d.since), until: forInput(d.until), interval_s: d.interval_s ?? '' })),
    active: p.active ?? true,
  }
}

const number = (x: number | ''): number | null => (x === '' ? null : Number(x))

export function toPlan(d: Draft): Omit<PlanIn, 'base' | 'reason'> {
  return {
    name: d.name.trim(), interval_s: Number(d.interval_s), slowest_s: number(d.slowest_s), weight: Number(d.weight), algorithm_id: d.algorithm_id, tiling: d.tiling,
    types: d.types,
    targets: { ...d.targets, devices: [...new Set(d.codes.split(/[\s,，、;；]+/).filter(Boolean))] },
    calendar: d.calendar, valid_from: d.valid_from || null, valid_to: d.valid_to || null,
    special: d.special.filter((s) => s.since && s.until).map((s) => ({ name: s.name.trim(), since: moment(s.since), until: moment(s.until), interval_s: number(s.interval_s) })),
    active: d.active,
  } as Omit<PlanIn, 'base' | 'reason'>
}
