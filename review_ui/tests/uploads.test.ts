import { describe, expect, it } from 'vitest'
import { setLanguage } from '@/i18n'
import { isDay, plusDays, shareOfDay } from '@/lib/days'
import { inWords, kindOf } from '@/lib/notes'

describe('days', () => {
  it('counts over months and years', () => {
    expect(plusDays('2026-10-31', 1)).toBe('2026-11-01')
    expect(plusDays('2026-01-01', -1)).toBe('2025-12-31')
    expect(plusDays('2028-02-28', 1)).toBe('2028-02-29')
  })
  it('knows what is no day', () => {
    expect(isDay('2026-10-31')).toBe(true)
    expect(isDay('2026-13-01')).toBe(false)
    expect(isDay('yesterday')).toBe(false)
    expect(isDay(null)).toBe(false)
  })
  it('places moments in the Shanghai day', () => {
    expect(shareOfDay('2026-10-30T16:00:00Z', '2026-10-31')).toBe(0)
    expect(shareOfDay('2026-10-31T04:00:00Z', '2026-10-31')).toBe(0.5)
    expect(shareOfDay('2026-10-31T17:00:00Z', '2026-10-31')).toBe(1)
    expect(shareOfDay('2026-10-30T15:00:00Z', '2026-10-31')).toBe(0)
  })
})

describe('notes', () => {
  it('are said in Chinese with their numbers', () => {
    setLanguage('zh')
    expect(inWords('track: 12 fixes that imply more than 60 m/s: left out')).toBe('轨迹中 12 个跳点已略去')
    expect(inWords('3 of 250 frames are damaged or build on damaged ones: left out')).toBe('250 帧中 3 帧损坏，已略去')
    expect(inWords('drive.gpx: this is no GPX that can be read; export the track again')).toBe('GPX 无法读取，请重新导出')
  })
  it('stay as they are in English, or when unknown', () => {
    expect(inWords('something new')).toBe('something new')
    setLanguage('en')
    expect(inWords('track: 12 fixes out of order: sorted by time')).toBe('track: 12 fixes out of order: sorted by time')
    setLanguage('zh')
  })
  it('are of the clock, the track or the footage', () => {
    expect(kindOf('a.mp4: start 2030 lies 3 days in the future; mend')).toBe('clock')
    expect(kindOf('track: 2 fixes out of order: sorted by time')).toBe('track')
    expect(kindOf('something new')).toBe('footage')
  })
})
