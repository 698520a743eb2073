/** Times (Asia/Shanghai), durations, money and counts as a person reads them. */
export type Language = 'zh' | 'en'

const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Shanghai',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

function split(iso: string | Date): Record<string, string> {
  const date = iso instanceof Date ? iso : new Date(iso)
  if (Number.isNaN(date.getTime())) return {}
  return Object.fromEntries(parts.formatToParts(date).map((p) => [p.type, p.value]))
}

/** `2026-10-31`. */
export function day(iso: string | Date | null | undefined): string {
  if (!iso) return '–'
  const p = split(iso)
  return p['year'] ? `${p['year']}-${p['month']}-${p['day']}` : '–'
}

/** `14:05:12`. */
export function clock(iso: string | Date | null | undefined): string {
  if (!iso) return '–'
  const p = split(iso)
  return p['hour'] ? `${p['hour']}:${p['minute']}:${p['second']}` : '–'
}

/** `2026-10-31 14:05:12`. */
export function dateTime(iso: string | Date | null | undefined): string {
  const d = day(iso)
  return d === '–' ? d : `${d} ${clock(iso)}`
}

/** For an input of a day and time: `2026-10-31T14:05:12`, Shanghai. */
export const forInput = (iso: string | Date): string => dateTime(iso).replace(' ', 'T')

/** What such an input holds, as a moment; nothing usable: null. Seconds may be absent. */
export function fromInput(value: string): string | null {
  const at = Date.parse(`${value}${value.length === 16 ? ':00' : ''}+08:00`)
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

/** The month in Shanghai, `2026-10`. */
export function month(at: Date): string {
  return day(at).slice(0, 7)
}

/** The month before, `2026-09`. */
export function monthBefore(of: string): string {
  const [year = 0, n = 1] = of.split('-').map(Number)
  return n > 1 ? `${year}-${String(n - 1).padStart(2, '0')}` : `${year - 1}-12`
}

/** `7分20秒`, `1小时5分`, `12秒`; English `7 min 20 s`. Rounded to whole seconds. */
export function duration(seconds: number, language: Language): string {
  const whole = Math.max(0, Math.round(seconds))
  const h = Math.floor(whole / 3600)
  const m = Math.floor((whole % 3600) / 60)
  const s = whole % 60
  const [hw, mw, sw] = language === 'zh' ? ['小时', '分', '秒'] : [' h', ' min', ' s']
  const said: string[] = []
  if (h) said.push(`${h}${hw}`)
  if (m) said.push(`${m}${mw}`)
  if (s || !said.length) said.push(`${s}${sw}`)
  return said.slice(0, 2).join(language === 'zh' ? '' : ' ')
}

const grouped = new Intl.NumberFormat('en-US')

/** `41,400`. */
export const count = (n: number): string => grouped.format(n)

/** `¥41,400`. */
export const money = (yuan: number): string => `¥${grouped.format(yuan)}`

/** At most `digits` decimals, none that are zero. */
export const short = (n: number, digits = 1): string => String(Number(n.toFixed(digits)))

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  if (n < 1024 ** 2) return `${short(n / 1024)} KB`
  if (n < 1024 ** 3) return `${short(n / 1024 ** 2)} MB`
  return `${short(n / 1024 ** 3, 2)} GB`
}

/** A time of day as typed (6, 600, 6:00, 06：00) as `06:00`; what is none: null. */
export function clockOf(typed: string): string | null {
  const found = /^(\d{1,2})(?:[:：.]?(\d{2}))?$/.exec(typed.trim())
  const [h, m] = [Number(found?.[1]), Number(found?.[2] ?? 0)]
  if (!found || m > 59 || h > 24 || (h === 24 && m > 0)) return null
  return `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`
}
