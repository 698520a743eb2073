/**
 * The reviewer's queue: one candidate on the desk, the next few already leased and their pictures decoded.
 * Times in milliseconds. Answers that come after the filters changed give their lease back.
 */
import { shallowReactive } from 'vue'
import type { Candidate, Stage, TakeNext, Taken } from '@/api/types'
import { asProblem, type ApiProblem } from '@/api/problem'

export interface Filters {
  stage: Stage
  squad: string | null
  street: string | null
  type: string | null
  device: string | null
  algorithm: string | null
}

export interface Held {
  candidate: Candidate
  leaseUntil: number
}

export interface QueueParts {
  take(wish: TakeNext): Promise<Taken>
  release(id: number): Promise<void>
  /** When the lease then ends. Throws a lasting problem when it is lost. */
  renew(id: number): Promise<number>
  preload(candidate: Candidate): void
  /** Candidates decided here whose decision is not yet acknowledged. */
  pending(): number[]
  now(): number
}

export interface QueueState {
  status: 'loading' | 'ready' | 'empty' | 'error'
  current: Held | null
  ahead: readonly Held[]
  waiting: number
  problem: ApiProblem | null
}

/** Each one held is one that nobody else is given. */
export const AHEAD = 3
const LEASE_MARGIN_MS = 15_000
const LEASE_LEAST_MS = 120_000
const SKIP_MOST = 50

export class ReviewQueue {
  readonly state: QueueState = shallowReactive({ status: 'loading', current: null, ahead: [], waiting: 0, problem: null })
  private filters: Filters | null = null
  private aside: number[] = []
  private round = 0
  private filling: Promise<void> | null = null

  constructor(private readonly parts: QueueParts) {}

  /** Starts with these filters; what was held is given back first. */
  async open(filters: Filters): Promise<void> {
    await this.close()
    this.filters = filters
    this.aside = []
    await this.step()
  }

  /** The current one has been decided: the next takes its place at once. */
  async advance(): Promise<void> {
    this.state.waiting = Math.max(0, this.state.waiting - 1)
    this.state.current = null
    await this.step()
  }

  /** Gives the current one back undecided and does not ask for it again. */
  async putAside(): Promise<void> {
    const held = this.state.current
    if (!held) return
    this.aside.push(held.candidate.id)
    this.giveBack(held)
    this.state.current = null
    await this.step()
  }

  /** A decision taken back: its candidate is on the desk again; what lay there is next. */
  putBack(held: Held): void {
    const before = this.state.current
    const id = held.candidate.id
    this.aside = this.aside.filter((a) => a !== id)
    this.state.ahead = [...(before && before.candidate.id !== id ? [before] : []), ...this.state.ahead.filter((h) => h.candidate.id !== id)]
    this.put(held)
    this.state.waiting += 1
    for (const over of this.state.ahead.slice(AHEAD + 1)) this.giveBack(over)
    this.state.ahead = this.state.ahead.slice(0, AHEAD + 1)
  }

  /** The same candidate, read afresh. */
  replace(candidate: Candidate): void {
    const fresh = (held: Held): Held => (held.candidate.id === candidate.id ? { ...held, candidate } : held)
    if (this.state.current) this.state.current = fresh(this.state.current)
    this.state.ahead = this.state.ahead.map(fresh)
    this.parts.preload(candidate)
  }

  /** It is no longer ours to decide. True when it lay on the desk, where the next one is then. */
  async lost(id: number): Promise<boolean> {
    this.state.ahead = this.state.ahead.filter((h) => h.candidate.id !== id)
    if (this.state.current?.candidate.id !== id) {
      this.fill()
      return false
    }
    this.state.current = null
    await this.step()
    return true
  }

  /** Keeps what is held ours; a connection that is away is no loss. Returns the ids that somebody else has now. */
  async renew(ids: readonly number[] = this.heldIds()): Promise<number[]> {
    const gone: number[] = []
    for (const id of ids) {
      try {
        const until = await this.parts.renew(id)
        const longer = (held: Held): Held => (held.candidate.id === id ? { ...held, leaseUntil: until } : held)
        if (this.state.current) this.state.current = longer(this.state.current)
        this.state.ahead = this.state.ahead.map(longer)
      } catch (error) {
        if (asProblem(error).passing) break
        gone.push(id)
      }
    }
    // What was decided meanwhile, or is being taken back, is no loss.
    return gone.filter((id) => this.heldIds().includes(id) && !this.parts.pending().includes(id))
  }

  /** Looks again: after the queue was empty or the connection lost. What was put aside may come back. */
  async again(): Promise<void> {
    if (this.state.status === 'empty') this.aside = []
    if (this.state.current) this.fill()
    else if (this.state.status !== 'loading') await this.step()
  }

  /** Gives back all leases. */
  async close(): Promise<void> {
    this.round += 1
    const held = [this.state.current, ...this.state.ahead]
    Object.assign(this.state, { status: 'loading', current: null, ahead: [], problem: null } satisfies Partial<QueueState>)
    this.filling = null
    this.filters = null
    for (const one of held) if (one) this.giveBack(one)
    await Promise.resolve()
  }

  heldIds(): number[] {
    return [this.state.current, ...this.state.ahead].filter((h) => h !== null).map((h) => h.candidate.id)
  }

  /** Puts the next one on the desk. */
  private async step(): Promise<void> {
    const round = this.round
    if (!this.take()) {
      this.state.status = 'loading'
      try {
        await (this.filling ?? this.fillOnce(1))
        // One that was being fetched may have been decided elsewhere or put on the desk meanwhile.
        if (round === this.round && !this.state.current && !this.take()) await this.fillOnce(1)
      } catch (error) {
        if (round === this.round && !this.state.current) Object.assign(this.state, { status: 'error', problem: asProblem(error) })
        return
      }
      if (round !== this.round) return
      if (!this.state.current && !this.take()) {
        Object.assign(this.state, { status: 'empty', problem: null })
        return
      }
    }
    this.fill()
  }

  /** Moves the first one ahead whose lease holds to the desk. */
  private take(): boolean {
    for (;;) {
      const [first, ...rest] = this.state.ahead
      if (!first) return false
      this.state.ahead = rest
      if (first.leaseUntil - LEASE_MARGIN_MS > this.parts.now()) {
        this.put(first)
        return true
      }
      this.giveBack(first)
    }
  }

  private put(held: Held): void {
    Object.assign(this.state, { status: 'ready', current: held, problem: null } satisfies Partial<QueueState>)
  }

  /** Fetches ahead, one after the other, while the desk is in use. */
  private fill(): void {
    if (this.filling || this.state.ahead.length >= AHEAD) return
    const filling = this.fillOnce(AHEAD).finally(() => {
      if (this.filling === filling) this.filling = null
    })
    this.filling = filling
    filling.catch(() => undefined) // the page shows it when the next one is asked for in earnest
  }

  private async fillOnce(most: number): Promise<void> {
    const round = this.round
    while (this.filters && round === this.round && this.state.ahead.length < most) {
      const held = await this.fetch(round)
      if (!held) return
      this.state.ahead = [...this.state.ahead, held]
      // Somebody waits before an empty desk: the rest is fetched once it is served.
      if (!this.state.current && this.state.status === 'loading') return
    }
  }

  private async fetch(round: number): Promise<Held | null> {
    if (!this.filters) return null
    const skip = [...new Set([...this.heldIds(), ...this.parts.pending(), ...this.aside.slice().reverse()])].slice(0, SKIP_MOST)
    const taken = await this.parts.take({ ...this.filters, skip })
    const held = taken.candidate && {
      candidate: taken.candidate,
      leaseUntil: this.until(taken.lease_until),
    }
    if (round !== this.round) {
      if (held) this.giveBack(held)
      return null
    }
    this.state.waiting = taken.waiting
    if (held && (this.heldIds().includes(held.candidate.id) || this.parts.pending().includes(held.candidate.id))) return null // brought back while this was under way
    if (held) this.parts.preload(held.candidate)
    return held || null
  }

  /** A lease just given holds for a while, also where this machine's clock is wrong. */
  private until(said: string | null): number {
    const at = said ? Date.parse(said) : Number.POSITIVE_INFINITY
    return at - LEASE_MARGIN_MS > this.parts.now() ? at : this.parts.now() + LEASE_LEAST_MS
  }

  private giveBack(held: Held): void {
    this.parts.release(held.candidate.id).catch(() => undefined) // the lease runs out by itself
  }
}
