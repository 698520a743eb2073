import { describe, expect, it } from 'vitest'
import type { Shape, Shapes } from '@/api/types'
import { area, crossing, freshCode, inserted, nearestOn, outside, refusal, removed, shifted, snapped, strip, type Point } from '@/lib/shapes'
import { clockOf } from '@/lib/format'
import { useDraft } from '@/lib/useDraft'

const SQUARE: Point[] = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
const BOW: Point[] = [[0.2, 0.2], [0.8, 0.8], [0.8, 0.2], [0.2, 0.8]]

describe('polygons', () => {
  it('knows a crossing, a touch and a fold from neighbours that meet', () => {
    expect(crossing(SQUARE, true)).toBeNull()
    expect(crossing(BOW, true)).toEqual([1, 3])
    // The tip of the third corner lies on the first side.
    expect(crossing([[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]], true)).not.toBeNull()
    // Back along the side that was just drawn.
    expect(crossing([[0, 0], [1, 0], [0.5, 0], [0.5, 1]], true)).toEqual([1, 2])
    // A corner on a straight side is no fold.
    expect(crossing([[0, 0], [0.5, 0], [1, 0], [1, 1]], true)).toBeNull()
    expect(crossing([[0, 0], [1, 1]], false)).toBeNull()
    // Open, the bow's last side (4→1) is not drawn, and 1-2 still crosses 3-4.
    expect(crossing(BOW, false)).toEqual([1, 3])
    expect(crossing(BOW.slice(0, 3), false)).toBeNull()
  })

  it('refuses with the reason that is nearest to what was done', () => {
    expect(refusal(SQUARE, true, 'picture')).toBeNull()
    expect(refusal([[0.2, 0.2], [1.1, 0.2], [0.5, 0.5]], true, 'picture')).toEqual({ key: 'zone.no.outside', values: { n: 2 } })
    expect(refusal([[121.4, 31.2], [121.5, 31.2], [121.5, 31.3]], true, 'ground')).toBeNull()
    expect(refusal([[31.2, 121.4], [31.2, 121.5], [31.3, 121.5]], true, 'ground')?.key).toBe('zone.no.outside')
    expect(refusal(SQUARE.slice(0, 2), true, 'picture')?.key).toBe('zone.no.few')
    expect(refusal([[0, 0], [0.5, 0.5], [1, 1]], true, 'picture')?.key).toBe('zone.no.cross')
    expect(refusal(BOW, true, 'picture')).toEqual({ key: 'zone.no.cross', values: { a: 1, b: 3 } })
    expect(refusal([[0.1, 0.1], [0.1, 0.1]], false, 'picture')?.key).toBe('zone.no.few')
  })

  it('moves, inserts, removes and measures', () => {
    expect(area(SQUARE)).toBeCloseTo(0.36)
    expect(shifted([[0.25, 0.5]], 0.25, -0.5)).toEqual([[0.5, 0]])
    expect(inserted(SQUARE, 3, [0.1, 0.5])).toEqual([...SQUARE, [0.1, 0.5]])
    expect(removed(SQUARE, 1)).toEqual([SQUARE[0], SQUARE[2], SQUARE[3]])
    expect(outside(SQUARE, 'picture')).toBe(-1)
  })

  it('snaps to the nearest within reach, else stays', () => {
    expect(snapped([10, 10], [[14, 10], [12, 10]], 8)).toEqual([12, 10])
    expect(snapped([10, 10], [[19, 10]], 8)).toEqual([10, 10])
  })

  it('lays a strip along a door line on the side of the street', () => {
    // A door line of some metres from west to east; the street lies south of it. 1.5 m are 1.5/111320 degrees.
    const line: Point[] = [[121.4, 31.2], [121.4001, 31.2]]
    const street = nearestOn([[[121.39, 31.1999], [121.41, 31.1999]]], [121.40005, 31.2]) as Point
    expect(street[1]).toBeCloseTo(31.1999)
    const made = strip(line, 1.5, street)
    expect(made.slice(0, 2)).toEqual(line)
    expect(made[2]?.[1]).toBeCloseTo(31.2 - 1.5 / 111320, 9)
    expect(made[2]?.[0]).toBeCloseTo(121.4001, 9)
    expect(refusal(made, true, 'ground')).toBeNull()
  })

  it('finds a code that is free', () => {
    expect(freshCode('Z', ['Z-1', 'Z-3'])).toBe('Z-2')
  })
})

const aShape = (code: string, polygon = SQUARE): Shape => ({
  code, kind: 'pavement', polygon: polygon.map((p) => [...p]), shop: null, calendar: null, name: null, place_kind: null, trades: [], valid_from: null, valid_to: null, more: {}, version: 1,
}) as Shape
const saved = (shapes: Shape[]): Shapes => ({ scope: 'ground', space: 'ground', revision: 1, latest: 1, saved: null, shapes, picture: null })

describe('the draft', () => {
  it('goes back and forward, and a new change ends what could be redone', () => {
    const draft = useDraft()
    draft.begin(saved([aShape('A')]))
    draft.add([aShape('B')])
    draft.put('A', { name: '一' })
    expect(draft.changes.value.added.map((s) => s.code)).toEqual(['B'])
    expect(draft.changes.value.changed.map((s) => s.code)).toEqual(['A'])
    draft.undo()
    expect(draft.shapes.value[0]?.name).toBeNull()
    draft.undo()
    expect(draft.dirty.value).toBe(false)
    draft.redo()
    expect(draft.shapes.value.map((s) => s.code)).toEqual(['A', 'B'])
    draft.remove('A')
    expect(draft.canRedo.value).toBe(false)
    expect(draft.changes.value.ended.map((s) => s.code)).toEqual(['A'])
  })

  it('takes quick changes of one kind as one step, slow ones as two', () => {
    let now = 0
    const draft = useDraft(() => now)
    draft.begin(saved([aShape('A')]))
    for (const name of ['a', 'ab', 'abc']) {
      now += 100
      draft.put('A', { name }, 'name')
    }
    now += 5000
    draft.put('A', { name: 'abcd' }, 'name')
    draft.undo()
    expect(draft.shapes.value[0]?.name).toBe('abc')
    draft.undo()
    expect(draft.shapes.value[0]?.name).toBeNull()
    expect(draft.canUndo.value).toBe(false)
  })

  it('forgets a selection that is gone', () => {
    const draft = useDraft()
    draft.begin(saved([]))
    draft.add([aShape('A')])
    expect(draft.current.value?.code).toBe('A')
    draft.undo()
    expect(draft.selected.value).toBeNull()
  })
})

describe('a time of day as typed', () => {
  it('takes the ways in which people write it, and nothing else', () => {
    expect(['6', '600', '6:00', '06：00', '2230', '24:00', ' 9.30 '].map(clockOf)).toEqual(['06:00', '06:00', '06:00', '06:00', '22:30', '24:00', '09:30'])
    expect(['', 'x', '25:00', '24:01', '12:60', '12:5', '6 PM'].map(clockOf)).toEqual([null, null, null, null, null, null, null])
  })
})
