/**
 * The reviewer's queue: one candidate on the desk, the next already leased and its pictures loading.
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
}

export interface Held {
  candidate: Candidate
  leaseUntil: number
}

export interface QueueParts {
  take(wish: TakeNext): Promise<Taken>
  release(id: number): Promise<void>
  preload(candidate: Candidate): void
  /** Candidates decided here whose decision is not yet acknowledged. */
  pending(): number[]
  now(): number
}

export interface QueueState {
  status: 'loading' | 'ready' | 'empty' | 'error'
  current: Held | null
  next: Held | null
  waiting: number
  problem: ApiProblem | null
}

const LEASE_MARGIN_MS = 15_000
const SKIP_MOST = 50

export class ReviewQueue {
  readonly state: QueueState = shallowReactive({ status: 'loading', current: null, next: null, waiting: 0, problem: null })
  private filters: Filters | null = null
  private aside: number[] = []
  private round = 0
  private fetching: Promise<Held | null> | null = null

  constructor(private readonly parts: QueueParts) {}

  /** Starts with these filters; what was held is given back first. */
  async open(filters: Filters): Promise<void> {
    await this.close()
    this.filters = filters
    this.aside = []
    await this.step(this.round)
  }

  /** The current one has been decided: the next takes its place at once. */
  async advance(): Promise<void> {
    this.state.waiting = Math.max(0, this.state.waiting - 1)
    this.state.current = null
    await this.step(this.round)
  }

  /** Gives the current one back undecided and does not ask for it again. */
  async putAside(): Promise<void> {
    const held = this.state.current
    if (!held) return
    this.aside.push(held.candidate.id)
    this.giveBack(held)
    this.state.current = null
    await this.step(this.round)
  }

  /** Looks again: after the queue was empty or the connection lost. What was put aside may come back. */
  async again(): Promise<void> {
    if (this.state.status === 'empty') this.aside = []
    if (!this.state.current) await this.step(this.round)
  }

  /** Gives back all leases. */
  async close(): Promise<void> {
    this.round += 1
    const held = [this.state.current, this.state.next]
    Object.assign(this.state, { status: 'loading', current: null, next: null, problem: null } satisfies Partial<QueueState>)
    this.fetching = null
    this.filters = null
    for (const one of held) if (one) this.giveBack(one)
    await Promise.resolve()
  }

  heldIds(): number[] {
    return [this.state.current, this.state.next].filter((h) => h !== null).map((h) => h.candidate.id)
  }

  private async step(round: number): Promise<void> {
    const ready = this.state.next
    this.state.next = null
    if (ready && ready.leaseUntil - LEASE_MARGIN_MS > this.parts.now()) {
      this.put(ready)
    } else {
      if (ready) this.giveBack(ready)
      this.state.status = 'loading'
      try {
        const held = await (this.fetching ?? this.fetch(round))
        if (round !== this.round) return
        // A prefetch that was under way put its catch into `next`; it belongs on the desk now.
        this.state.next = null
        if (!held) {
          Object.assign(this.state, { status: 'empty', problem: null })
          return
        }
        this.put(held)
      } catch (error) {
        if (round === this.round) Object.assign(this.state, { status: 'error', problem: asProblem(error) })
        return
      }
    }
    this.prefetch(round)
  }

  private put(held: Held): void {
    Object.assign(this.state, { status: 'ready', current: held, problem: null } satisfies Partial<QueueState>)
  }

  private prefetch(round: number): void {
    const fetching = this.fetch(round)
    this.fetching = fetching
    fetching
      .then((held) => {
        if (this.fetching !== fetching) return
        this.fetching = null
        // Whoever waits for this promise in `step` takes it instead.
        if (round === this.round && this.state.current) this.state.next = held
      })
      .catch(() => {
        // The page shows it when the next one is asked for in earnest.
        if (this.fetching === fetching) this.fetching = null
      })
  }

  private async fetch(round: number): Promise<Held | null> {
    if (!this.filters) return null
    const skip = [...new Set([...this.heldIds(), ...this.parts.pending(), ...this.aside.slice().reverse()])].slice(0, SKIP_MOST)
    const taken = await this.parts.take({ ...this.filters, skip })
    const held = taken.candidate && {
      candidate: taken.candidate,
      leaseUntil: taken.lease_until ? Date.parse(taken.lease_until) : Number.POSITIVE_INFINITY,
    }
    if (round !== this.round) {
      if (held) this.giveBack(held)
      return null
    }
    this.state.waiting = taken.waiting
    if (held) this.parts.preload(held.candidate)
    return held || null
  }

  private giveBack(held: Held): void {
    this.parts.release(held.candidate.id).catch(() => undefined) // the lease runs out by itself
  }
}
