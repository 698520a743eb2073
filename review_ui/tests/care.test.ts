import { beforeEach, describe, expect, it } from 'vitest'
import { setLanguage } from '@/i18n'
import { actorName } from '@/lib/actor'
import { kindOf, lasted, measured } from '@/lib/care'
import { forInput, fromInput } from '@/lib/format'

describe('camera care in words', () => {
  beforeEach(() => setLanguage('zh'))
  it('says shares in percent, degrees and seconds as they are', () => {
    expect(measured({ measure: 'shift_most', value: 0.0314, limit: 0.022 })).toBe('移动了画面宽度的 3.1%（限 2.2%）')
    expect(measured({ measure: 'turn_deg', value: 5.03, limit: 1 })).toBe('转动了 5°（限 1°）')
    expect(measured({ measure: 'frozen_s', value: 342, limit: 120 })).toBe('画面 342 秒没有变化（限 120 秒）')
    expect(measured({ measure: 'new_one', value: 0.5, limit: 1 })).toBe('new_one 0.5 (1)')
  })
  it('names every kind of fault, and what it does not know by its code', () => {
    for (const kind of ['moved', 'blocked', 'dark', 'blurred', 'frozen', 'wrong_scene', 'wrong_shape']) expect(kindOf({ kind })).not.toBe(kind)
    expect(kindOf({ kind: 'other' })).toBe('other')
  })
  it('counts until it ended, or until now', () => {
    const since = '2026-10-31T06:00:00Z'
    expect(lasted({ since, until: '2026-10-31T07:30:00Z' })).toBe(5400)
    expect(lasted({ since, until: null }, Date.parse('2026-10-31T06:00:10Z'))).toBe(10)
    expect(lasted({ since, until: null }, Date.parse('2026-10-31T05:00:00Z'))).toBe(0)
  })
})

describe('who did it', () => {
  it('by kind and name', () => {
    setLanguage('zh')
    expect(actorName('account:li')).toBe('账号 li')
    expect(actorName('system')).toBe('系统')
    expect(actorName('robot:7')).toBe('robot 7')
  })
})

describe('inputs of day and time', () => {
  it('are Shanghai, there and back', () => {
    expect(forInput('2026-10-31T18:05:12Z')).toBe('2026-11-01T02:05:12')
    expect(fromInput('2026-11-01T02:05:12')).toBe('2026-10-31T18:05:12.000Z')
    expect(fromInput('2026-11-01T02:05')).toBe('2026-10-31T18:05:00.000Z')
    expect(fromInput('')).toBeNull()
  })
})
