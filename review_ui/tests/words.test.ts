import { beforeEach, describe, expect, it } from 'vitest'
import type { Check } from '@/api/types'
import { setLanguage } from '@/i18n'
import { en } from '@/i18n/en'
import { zh } from '@/i18n/zh'
import { checkWords } from '@/lib/checks'
import { bytes, clock, dateTime, day, duration, money, month, monthBefore } from '@/lib/format'

describe('format', () => {
  it('shows Shanghai time wherever the machine stands', () => {
    expect(dateTime('2026-10-31T06:05:12Z')).toBe('2026-10-31 14:05:12')
    expect(clock('2026-10-31T16:00:00Z')).toBe('00:00:00')
    expect(day('2026-10-31T16:00:00Z')).toBe('2026-11-01')
    expect(month(new Date('2026-10-31T16:00:00Z'))).toBe('2026-11')
    expect(monthBefore('2026-01')).toBe('2025-12')
    expect(monthBefore('2026-10')).toBe('2026-09')
    expect(dateTime(null)).toBe('–')
    expect(dateTime('no time')).toBe('–')
  })
  it.each([[440, '7分20秒'], [0, '0秒'], [59.6, '1分'], [3900, '1小时5分'], [3605, '1小时5秒'], [12, '12秒']])('says %d seconds', (s, words) => expect(duration(s, 'zh')).toBe(words))
  it('says them in English', () => expect(duration(440, 'en')).toBe('7 min 20 s'))
  it('money and sizes', () => {
    expect(money(41400)).toBe('¥41,400')
    expect(bytes(1536)).toBe('1.5 KB')
  })
})

describe('messages', () => {
  it('have the same keys and the same blanks in both languages', () => {
    const blanks = (s: string) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect([key, blanks(en[key])]).toEqual([key, blanks(zh[key])])
  })
})

describe('checks in words', () => {
  const word = (_kind: string, code: string) => ({ marked: '标志明显', clock_sync: '时钟同步', pavement: '人行道' })[code] ?? code
  const say = (code: string, values: Check['values'], ok: boolean | null = true) => checkWords({ code, ok, values }, word)
  beforeEach(() => setLanguage('zh'))

  it.each([
    ['pictures', { count: 3, needed: 3 }, '图片 3 张（需 3 张）'],
    ['dwell', { dwell_s: 440, observed_s: 400, needed_s: 300 }, '停留 7分20秒，实见 6分40秒（需 5分）'],
    ['approval', { missing: 'marked, clock_sync' }, '设备缺：标志明显、时钟同步'],
    ['approval', { missing: '' }, '设备审批齐全'],
    ['clock', { source: 'device', offset_s: 0.3 }, '时钟误差 0.3 秒（设备时间）'],
    ['clock', { source: 'given' }, '时间来源：人工给定'],
    ['zone', { share: 0.5 }, '在划定区域内（50%）'],
    ['company', { labels: 'umbrella / pile', share: 0.545 }, '旁有伞 / 堆物（55% 的画面）'],
    ['attended', { attended: 'yes', share: 0.4 }, '旁边有人（40% 的画面）'],
    ['attended', { attended: 'no', share: 0.1 }, '旁边无人值守（仅 10% 的画面有人）'],
    ['unnamed', {}, '没有类别认得出它：画面背景中新出现并一直停放的东西，请细看图片'],
    ['special_duty', { zone: 'D1' }, '专项勤务区域 D1'],
    ['district', {}, '本区为线索模式，须现场复核取证'],
    ['zone', { kind: 'pavement', share: 0.934 }, '位于人行道（93%）'],
    ['permitted', { place: null }, '不在许可点位'],
    ['position', { error_m: null }, '定位误差未知'],
  ] as [string, Check['values'], string][])('%s', (code, values, words) => expect(say(code, values)).toBe(words))

  it('keeps an unknown check readable', () => expect(say('night_light', { lux_min: 3.14159, lamp: null })).toBe('其他核对（night light）lux min 3.14 · lamp –'))
})
