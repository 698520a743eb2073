/** Street cameras, plans and loads in words. */
import type { Camera, Plan } from '@/api/types'
import { language, t } from '@/i18n'
import { duration, short } from '@/lib/format'
import { reference } from '@/stores/reference'

export const STATES = ['ok', 'fault', 'late', 'waiting', 'unplanned', 'off'] as const
export const TONE: Record<Camera['state'], string> = { ok: 'good', fault: 'bad', late: 'warn', waiting: 'accent', unplanned: '', off: '' }

/** How long ago, from minutes on without seconds; days where it is days. */
export function lasts(since: string | null | undefined, now = Date.now()): string {
  if (!since) return ''
  const seconds = Math.max(0, (now - Date.parse(since)) / 1000)
  const days = Math.floor(seconds / 86400)
  if (days >= 2) return language.value === 'zh' ? `${days}天` : `${days} days`
  return duration(seconds < 60 ? seconds : Math.floor(seconds / 60) * 60, language.value)
}

export const every = (seconds: number): string => t('cam.every', { lasts: duration(seconds, language.value) })

const fault = (code: string) => reference.value?.stream_faults.find((f) => f.code === code)
const parts = (code: string): string[] => {
  const f = fault(code)
  return f ? (language.value === 'zh' ? [f.zh, f.mend_zh] : [f.en, f.mend_en]) : []
}

/** What is wrong and how to mend it; what the source itself said where the code is not known here. */
export const faultSaid = (code: string | null, text: string | null = null): string => (code ? parts(code).join(t('cam.colon')) || (text ?? code) : '')

/** Only what is wrong. */
export const faultName = (code: string): string => parts(code)[0] ?? code

export function clockSaid(offset: number): string {
  const s = short(Math.abs(offset))
  return t(offset > 0 ? 'cam.clockFast' : 'cam.clockSlow', { s })
}

export function whom(plan: Pick<Plan, 'targets'>): string {
  const { district, squads = [], groups = [], devices = [] } = plan.targets
  const parts = [
    district ? t('plan.district') : '',
    squads.length ? t('plan.nSquads', { n: squads.length }) : '',
    groups.length ? (groups.length <= 3 ? groups.join(t('common.comma')) : t('plan.nGroups', { n: groups.length })) : '',
    devices.length ? t('plan.nDevices', { n: devices.length }) : '',
  ]
  return parts.filter(Boolean).join(t('common.comma'))
}

export const percent = (share: number | null): string => (share === null ? '–' : `${short(share * 100, share > 0.99 && share < 1 ? 2 : 0)}%`)
