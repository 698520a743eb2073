import { describe, expect, it } from 'vitest'
import { metresBetween, near } from '@/lib/near'

const at = (latitude: number | null, longitude: number | null, id = 0) => ({ id, latitude, longitude })

describe('near on the ground', () => {
  it('measures north and east: a degree is 111,320 m, along a parallel by its cosine less', () => {
    expect(metresBetween(at(31.2, 121.4), at(31.201, 121.4))).toBeCloseTo(111.32, 2)
    expect(metresBetween(at(60, 20), at(60, 20.001))).toBeCloseTo(55.66, 2)
    expect(metresBetween(at(0, 0), at(0.003, 0.004))).toBeCloseTo(556.6, 1)
    expect(metresBetween(at(null, null), at(0, 0))).toBeNull()
  })
  it('leaves out itself, what is far and what has no place', () => {
    const rows = [at(31.2, 121.4, 1), at(31.2001, 121.4, 2), at(31.21, 121.4, 3), at(null, null, 4)]
    expect(near(rows, at(31.2, 121.4, 1), 40).map((r) => r.id)).toEqual([2])
  })
})
