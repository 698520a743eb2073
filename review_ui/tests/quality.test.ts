import { describe, expect, it } from 'vitest'
import type { CompletenessItem, Decision, Drift, QualityRow } from '@/api/types'
import { againIn, untilMade } from '@/lib/clip'
import { missing, missingFirst, toggled } from '@/lib/completeness'
import { better, lastDays, lengthOf, percent, points, rowsBy } from '@/lib/quality'
import { differ, looked, views } from '@/lib/views'
import { itemOf } from '@/stores/clear'
import { aPicture, decided } from './make'

const item = (code: string, ok: boolean | null): CompletenessItem => ({ code, ok, title: code, words: '', article: null })

describe('the checklist', () => {
  it('puts what is missing first, then what can only be told', () => {
    const items = [item('a', true), item('b', null), item('c', false), item('d', true), item('e', false)]
    expect(missingFirst(items).map((i) => i.code).join('')).toBe('cebad')
    expect(missing(items).map((i) => i.code)).toEqual(['c', 'e'])
  })
  it('writes a sentence into the reason and takes it out again', () => {
    const one = toggled('', '时钟：未同步', '；')
    expect(one).toBe('时钟：未同步')
    const two = toggled(one, '图片：只有 2 张', '；')
    expect(two).toBe('时钟：未同步；图片：只有 2 张')
    expect(toggled(two, '时钟：未同步', '；')).toBe('图片：只有 2 张')
    expect(toggled('自己写的', '时钟：未同步', '；')).toBe('自己写的；时钟：未同步')
  })
})

describe('figures', () => {
  it('reads shares and differences', () => {
    expect([percent(0.857), percent(1), percent(null)]).toEqual(['86%', '100%', '–'])
    expect([points(-0.1234), points(0.05)]).toEqual(['12.3', '5'])
  })
  it('knows which way is better', () => {
    const change = (what: Drift['what'], difference: number) => better({ what, difference })
    expect([change('keeps', 0.1), change('keeps', -0.1), change('hasty', 0.1), change('hasty', -0.1)]).toEqual([true, false, false, true])
  })
  it('counts the days of a period in Shanghai', () => {
    const now = new Date('2026-11-21T17:00:00Z') // the 22nd there
    expect(lastDays(7, now)).toEqual({ from: '2026-11-16', to: '2026-11-22' })
    expect(lengthOf('2026-10-24', '2026-11-22', [7, 30, 90], now)).toBe(30)
    expect(lengthOf('2026-10-25', '2026-11-22', [7, 30, 90], now)).toBeNull()
  })
  it('orders hours by the clock and others by how many', () => {
    const row = (by: QualityRow['by'], key: string | number, decisions: number) => ({ by, key, decisions }) as QualityRow
    const rows = [row('hour', 14, 9), row('type', 'stall', 2), row('hour', 9, 1), row('type', 'other', 5)]
    expect(rowsBy(rows, 'hour').map((r) => r.key)).toEqual([9, 14])
    expect(rowsBy(rows, 'type').map((r) => r.key)).toEqual(['other', 'stall'])
  })
})

describe('the senior', () => {
  const said = (id: number, verdict: Decision['verdict'], more: Partial<Decision> = {}): Decision => ({ ...decided().decision, id, verdict, ...more })
  it('sees the first views that count, since it was last returned', () => {
    const all = [
      said(1, 'keep'), said(2, 'return', { stage: 'legal' }), said(3, 'reject'), said(4, 'undo', { undoes: 3 }), said(5, 'keep'), said(6, 'reject'),
    ]
    expect(views(all).map((d) => d.id)).toEqual([5, 6])
    expect(differ(views(all))).toBe(true)
    expect(differ([said(1, 'escalate')])).toBe(false)
  })
  it('sees how long the first and the latest picture were looked at', () => {
    const pictures = [aPicture(1, 'first', '2026-10-31T06:00:00Z'), aPicture(2, 'middle', '2026-10-31T06:01:00Z'), aPicture(3, 'latest', '2026-10-31T06:02:00Z')]
    const shown = [{ picture: 3, ms: 1500 }, { picture: 2, ms: 400 }, { picture: 1, ms: 0 }]
    expect(looked({ shown }, pictures)).toEqual({ keys: [{ role: 'latest', ms: 1500 }], others: 1 })
  })
})

describe('a clip that is still being covered', () => {
  const answer = (status: number, after: string | null = null) => ({ status, headers: new Headers(after ? { 'Retry-After': after } : {}) })
  it('is asked for again when the server says', async () => {
    const waits: number[] = []
    const answers = [answer(202, '3'), answer(202, '60'), answer(206)]
    const made = await untilMade(async () => answers.shift() ?? answer(500), async (s) => void waits.push(s))
    expect([made?.status, waits]).toEqual([206, [3, 15]])
  })
  it('takes any other answer as it is, and after the network stays away', async () => {
    expect((await untilMade(async () => answer(404), async () => undefined))?.status).toBe(404)
    let asked = 0
    expect(await untilMade(async () => { asked++; throw new TypeError('away') }, async () => undefined)).toBeNull()
    expect(asked).toBe(6)
  })
  it('waits a sensible while', () => expect([againIn(null), againIn('0'), againIn('0.2'), againIn('soon')]).toEqual([3, 3, 1, 3]))
  it('knows its number', () => expect([itemOf('/api/evidence/17?width=3'), itemOf('/x')]).toEqual([17, 0]))
})
