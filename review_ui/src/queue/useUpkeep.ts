/** Keeps the desk true while it is open: leases renewed, what the server tells, asking again after a lost connection. */
import { onBeforeUnmount, ref, watch, type ComputedRef, type Ref } from 'vue'
import { api, ask, releaseOnLeave } from '@/api/client'
import { asProblem } from '@/api/problem'
import type { Candidate } from '@/api/types'
import { t } from '@/i18n'
import { useInUse } from '@/lib/useInUse'
import { listen, type Told } from './live'
import type { ReviewQueue } from './queue'

const LOOK_AGAIN_MS = 20_000
const RENEW_MS = 60_000
const COUNTS_REST_MS = 2_000
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000] as const

export interface Upkeep {
  /** One held is no longer ours, and why. */
  lost(id: number, why: string): Promise<void>
  /** Asks how much waits, in a while. */
  recount(): void
  leaseOver: Ref<boolean>
}

export function useUpkeep(queue: ReviewQueue, candidate: ComputedRef<Candidate | null>, said: Ref<string>, refresh: () => Promise<void>): Upkeep {
  const { state } = queue
  const leaseOver = ref(false)
  watch(() => candidate.value?.id, () => (leaseOver.value = false))

  async function lost(id: number, why: string): Promise<void> {
    const number = candidate.value?.id === id ? candidate.value.number : ''
    if ((await queue.lost(id)) && number) said.value = t('desk.gone', { number, why })
  }
  async function readAgain(id: number): Promise<void> {
    const before = candidate.value
    const got = await ask(api.GET('/api/candidates/{id}', { params: { path: { id } } })).catch(() => null)
    if (!got || !queue.heldIds().includes(id)) return
    queue.replace(got)
    if (before?.id === id && got.pictures.length !== before.pictures.length) said.value = t('desk.updated')
  }
  function told(news: Told): void {
    const held = queue.heldIds().includes(news.id)
    if (news.change === 'new' || news.change === 'freed') {
      if (state.status === 'empty') void queue.again()
    } else if (held && news.change === 'updated') void readAgain(news.id)
    else if (held && news.change === 'withdrawn') void renew([news.id], t('desk.withdrawn'))
    else if (held && news.change === 'decided') void renew([news.id], t('desk.elsewhere')) // or our own that was taken back
    recount()
  }
  let counting: ReturnType<typeof setTimeout> | undefined
  function recount(): void {
    counting ??= setTimeout(() => {
      counting = undefined
      if (!document.hidden) void refresh()
    }, COUNTS_REST_MS)
  }
  const live = listen('/api/queue/events', {
    open: (url) => new EventSource(url),
    later(act, ms) {
      const timer = setTimeout(act, ms)
      return () => clearTimeout(timer)
    },
    candidate: told,
    counts: recount,
    opened: () => {
      recount()
      if (state.status === 'empty' || state.status === 'error') void queue.again()
    },
  })

  async function renew(ids?: number[], why = t('desk.elsewhere')): Promise<void> {
    for (const id of await queue.renew(ids)) await lost(id, why)
  }
  const inUse = useInUse(() => void renew())

  // While the desk is empty because the connection is away, ask again soon, then less often.
  let tries = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  watch(() => state.status, (status) => {
    clearTimeout(retry)
    if (status === 'ready' || status === 'empty') tries = 0
    if (status === 'error' && asProblem(state.problem).passing) retry = setTimeout(() => void queue.again(), RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)])
  })
  const timers = [
    setInterval(() => {
      const until = state.current?.leaseUntil
      leaseOver.value = until !== undefined && until < Date.now()
    }, 5_000),
    setInterval(() => {
      if (inUse()) void renew()
    }, RENEW_MS),
    setInterval(() => {
      if (document.hidden || live.on()) return
      void refresh()
      if (state.status === 'empty' || state.status === 'error') void queue.again()
    }, LOOK_AGAIN_MS),
  ]

  const online = (): void => void queue.again()
  const leaving = (): void => queue.heldIds().forEach(releaseOnLeave)
  addEventListener('online', online)
  addEventListener('pagehide', leaving)
  onBeforeUnmount(() => {
    timers.forEach(clearInterval)
    clearTimeout(retry)
    clearTimeout(counting)
    live.stop()
    removeEventListener('online', online)
    removeEventListener('pagehide', leaving)
    void queue.close()
  })

  return { lost, recount, leaseOver }
}
