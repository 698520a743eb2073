import { describe, expect, it } from 'vitest'
import { bestIndex, inOrder, viewAround, viewBox } from '@/lib/geometry'
import { keyPictures, ShownClock } from '@/queue/shown'
import { problemFrom } from '@/api/problem'
import { aPicture } from './make'

describe('what was shown', () => {
  it('adds up the time on screen, also over several looks', () => {
    let now = 0
    const clock = new ShownClock(() => now)
    clock.onScreen(new Set([1, 2]))
    now = 300
    clock.onScreen(new Set([2]))
    now = 500
    clock.onScreen(new Set([1]))
    now = 600
    expect(clock.result()).toEqual([{ picture: 1, ms: 400 }, { picture: 2, ms: 500 }])
    expect(clock.ms(1)).toBe(400)
    now = 700
    expect(clock.ms(1)).toBe(500)
    expect(clock.ms(3)).toBe(0)
  })

  it('asks for the first and the latest, once when they are the same', () => {
    const first = aPicture(1, 'first', '2026-10-31T06:00:00Z')
    const middle = aPicture(2, 'middle', '2026-10-31T06:05:00Z')
    const latest = aPicture(3, 'latest', '2026-10-31T06:10:00Z')
    expect(keyPictures([middle, latest, first]).map((p) => p.id)).toEqual([1, 3])
    expect(keyPictures([first]).map((p) => p.id)).toEqual([1])
    expect(keyPictures([])).toEqual([])
  })
})

describe('pictures', () => {
  it('start at the best, else at the latest', () => {
    const pictures = inOrder([aPicture(2, 'latest', '2026-10-31T07:00:00Z'), aPicture(1, 'first')])
    expect(pictures.map((p) => p.id)).toEqual([1, 2])
    expect(bestIndex({ picture: '/api/evidence/1' }, pictures)).toBe(0)
    expect(bestIndex({ picture: null }, pictures)).toBe(1)
  })
  it('enlarge the subject without leaving the picture', () => {
    const view = viewAround({ xyxy: [0.9, 0.9, 1, 1] }, { width: 1000, height: 500 })
    expect(view.x + view.w).toBeLessThanOrEqual(1000)
    expect(view.y + view.h).toBeLessThanOrEqual(500)
    expect(viewBox(viewAround(undefined, { width: 10, height: 5 }))).toBe('0.00 0.00 10.00 5.00')
  })
})

describe('problems', () => {
  it('reads a problem document, and makes do without one', () => {
    expect(problemFrom(422, { code: 'reason_needed', title: 't', detail: '请选择', fields: { reason: '必填' } })).toMatchObject({ code: 'reason_needed', detail: '请选择', fields: { reason: '必填' }, passing: false })
    expect(problemFrom(502, 'Bad gateway')).toMatchObject({ code: 'http_502', passing: true })
  })
})
