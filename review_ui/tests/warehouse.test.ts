import { describe, expect, it } from 'vitest'
import { boxBetween, spread } from '@/pages/algorithms/boxes'
import { figureSet, measured, range, scaleEnd, share } from '@/pages/algorithms/figures'
import { carriedOut } from '@/pages/algorithms/hints'
import { scopeKept } from '@/pages/algorithms/words'

describe('figures of an evaluation', () => {
  const figures = {
    model: { sha256: 'ab' }, data: { split: 'val' },
    ap50: { mean: 0.5, mean_ci: [0.4, 0.6], pile: 0.7, pile_ci: [0.6, 0.8], car: 0.9, stall: 0.3, stall_ci: [null, null], shop_goods: null },
    precision: { pile: 0.8 }, boxes: { all: 9, pile: 4 }, false_per_100_negatives: 6.7, false_per_100_negatives_ci: [0, 18.4], pictures: 12,
  }
  it('lists measured classes in the order of the sheet, others after them', () => {
    const set = figureSet(figures)
    expect(set.classes.map((c) => c.name)).toEqual(['stall', 'pile', 'car'])
    expect(set.classes[1]).toEqual({
      name: 'pile', boxes: 4, ap50: { value: 0.7, low: 0.6, high: 0.8 }, ap: { value: null, low: null, high: null },
      precision: { value: 0.8, low: null, high: null }, recall: { value: null, low: null, high: null },
    })
    expect(set.mean?.boxes).toBe(9)
    expect(set.false100).toEqual({ value: 6.7, low: 0, high: 18.4 })
    expect([set.pictures, set.negatives]).toEqual([12, null])
    expect(measured(figures)).toEqual({ sha256: 'ab', split: 'val' })
  })

  it('makes nothing of something else', () => {
    expect(figureSet({ ap50: [1, 2], boxes: 'x' })).toMatchObject({ classes: [], mean: null, pictures: null })
    expect(measured({ model: null })).toEqual({ sha256: null, split: null })
  })

  it('is written with two figures, and says nothing where nothing was measured', () => {
    expect([share(0.625), share(0), share(null)]).toEqual(['0.63', '0.00', '–'])
    expect([range({ low: 0.4, high: 0.845 }), range({ low: null, high: 1 }), range({ low: 2.04, high: 10 }, 1)]).toEqual(['0.40–0.84', '', '2.0–10.0'])
  })

  it('ends a scale at 1, 2 or 5 times a power of ten', () => {
    expect([[126.5], [0.3, null], [5], [5.1], [], [1000]].map(scaleEnd)).toEqual([200, 0.5, 5, 10, 1, 1000])
  })
})

describe('boxes on a look', () => {
  it('takes corners in any order and stays within the picture', () => {
    expect(boxBetween([0.5, 0.8], [0.25, 0.5])).toEqual([0.25, 0.5, 0.5, 0.8])
    expect(boxBetween([0.9, -0.2], [1.3, 0.1])).toEqual([0.9, 0, 1, 0.1])
  })

  it('takes a click for no box', () => {
    expect(boxBetween([0.5, 0.5], [0.503, 0.9])).toBeNull()
    expect(boxBetween([1.2, 0.1], [1.4, 0.5])).toBeNull()
  })

  it('places an interval on a scale', () => {
    expect(spread({ value: 0.5, low: 0.25, high: 1 }, 2)).toEqual({ at: 25, from: 12.5, width: 37.5 })
    expect(spread({ value: 3, low: null, high: null }, 2)).toEqual({ at: 100, from: 100, width: 0 })
    expect(spread({ value: null, low: null, high: null }, 1)).toBeNull()
  })
})

describe('where', () => {
  it('leads from an accepted hint to the page that carries it out', () => {
    expect(carriedOut('/api/zones/device:C-03 12')).toBe('/devices/C-03%2012/zones')
    expect(carriedOut('/api/zones/ground')).toBe('/places')
    expect([carriedOut(null), carriedOut('/api/else')]).toEqual(['', ''])
  })

  it('names scopes as events keep them', () => {
    expect(['district', 'group 南京 西路', 'device C-1', undefined].map(scopeKept)).toEqual(['全区', '组 南京 西路', '设备 C-1', ''])
  })
})
