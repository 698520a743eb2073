import { describe, expect, it } from 'vitest'
import { dragged, LEAST, rounded, same, type Xyxy } from '@/lib/boxes'
import { flipped, wiped } from '@/lib/wipe'
import { decidedOn, fitted, memberSeen, moved, pageOf, pagesOf, perPage } from '@/queue/group'
import { ShownClock } from '@/queue/shown'
import { aCandidate, aPicture } from './make'

const member = (id: number) => ({ candidate: aCandidate(id), pictures: [aPicture(id * 10, 'first'), aPicture(id * 10 + 1, 'latest', '2026-10-31T06:12:32Z')] })

describe('a grid of alike ones', () => {
  const grid = { cols: 6, rows: 4 }
  it('holds as many as can be judged, and larger ones where they are few', () => {
    expect(fitted(1340, 640)).toEqual({ cols: 6, rows: 4 })
    expect(fitted(370, 500)).toEqual({ cols: 2, rows: 3 })
    expect(fitted(1340, 640, 3)).toEqual({ cols: 3, rows: 2 })
    expect(fitted(10, 10)).toEqual({ cols: 1, rows: 1 })
  })
  it('has 200 on nine pages', () => {
    expect(perPage(grid)).toBe(24)
    expect(pagesOf(200, grid)).toBe(9)
    expect([0, 23, 24, 199].map((i) => pageOf(i, grid))).toEqual([0, 0, 1, 8])
  })
  it('moves by keys and stays inside', () => {
    expect(moved(0, 'ArrowRight', 200, grid)).toBe(1)
    expect(moved(3, 'ArrowDown', 200, grid)).toBe(9)
    expect(moved(0, 'ArrowUp', 200, grid)).toBe(0)
    expect(moved(5, 'PageDown', 200, grid)).toBe(29)
    expect(moved(190, 'PageDown', 200, grid)).toBe(199)
    expect(moved(50, 'Home', 200, grid)).toBe(0)
    expect(moved(0, 'End', 200, grid)).toBe(199)
    expect(moved(0, 'a', 200, grid)).toBeNull()
  })
  it('counts one as seen when both its pictures were', () => {
    let now = 0
    const clock = new ShownClock(() => now)
    clock.onScreen(new Set([10]))
    now = 500
    expect(memberSeen(member(1), clock)).toBe(false)
    clock.onScreen(new Set([10, 11]))
    now = 899
    expect(memberSeen(member(1), clock)).toBe(false)
    now = 900
    expect(memberSeen(member(1), clock)).toBe(true)
  })
  it('sends those ticked, each with what was on screen of it', () => {
    const ms = new Map([[10, 1500], [11, 1499.6], [20, 700], [21, 0]])
    const out = decidedOn([member(1), member(2), member(3)], new Set([3]), { ms: (id) => ms.get(id) ?? 0 }, 10_000)
    expect(out).toEqual([
      { id: 1, seconds: 5, shown: [{ picture: 10, ms: 1500 }, { picture: 11, ms: 1500 }] },
      { id: 2, seconds: 5, shown: [{ picture: 20, ms: 700 }] },
    ])
  })
})

describe('correcting a box', () => {
  const box: Xyxy = [0.2, 0.3, 0.4, 0.6]
  const close = (got: Xyxy, want: Xyxy) => got.forEach((n, i) => expect(n).toBeCloseTo(want[i] ?? NaN, 9))
  it('moves whole and stops at the edge with its size', () => {
    close(dragged(box, 'move', 0.1, -0.1), [0.3, 0.2, 0.5, 0.5])
    close(dragged(box, 'move', -0.5, 0.9), [0, 0.7, 0.2, 1])
  })
  it('is pulled by a corner, never inside out', () => {
    close(dragged(box, 'se', 0.1, 0.1), [0.2, 0.3, 0.5, 0.7])
    close(dragged(box, 'nw', -0.3, 0.1), [0, 0.4, 0.4, 0.6])
    close(dragged(box, 'nw', 0.9, 0), [0.4 - LEAST, 0.3, 0.4, 0.6])
    close(dragged(box, 'se', 0, -0.9), [0.2, 0.3, 0.4, 0.3 + LEAST])
    close(dragged(box, 'ne', 0.1, -0.1), [0.2, 0.2, 0.5, 0.6])
  })
  it('knows what is unchanged', () => {
    expect(same([box], [[...box]])).toBe(true)
    expect(same([box], [dragged(box, 'move', 0.01, 0)])).toBe(false)
    expect(same([box], [])).toBe(false)
    expect(rounded([0.123456789, 0, 1, 0.5])).toEqual([0.12346, 0, 1, 0.5])
  })
})

describe('wiping', () => {
  it('goes by tenths and stops at the ends', () => {
    expect(wiped(50, 1)).toBe(60)
    expect(wiped(95, 1)).toBe(100)
    expect(wiped(3, -1)).toBe(0)
  })
  it('flips to what was seen less', () => expect([100, 51, 50, 0].map(flipped)).toEqual([0, 0, 100, 100]))
})
