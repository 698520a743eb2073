/** One group of alike candidates under lease: taken, decided together, taken back. */
import { onBeforeUnmount, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { api, ask, releaseGroupOnLeave } from '@/api/client'
import { asProblem, type ApiProblem } from '@/api/problem'
import type { GroupDecided, GroupTaken, Stage } from '@/api/types'
import { t } from '@/i18n'
import { problemText } from '@/lib/useAct'
import { useInUse } from '@/lib/useInUse'
import { undoDecision } from '@/stores/outbox'
import { waitBefore } from './outbox'

export const MOST = 200
const RENEW_MS = 60_000

export interface GroupChoice {
  verdict: 'keep' | 'reject'
  reason: string | null
  note: string
  fixture: boolean
  members: { id: number; seconds: number; shown: { picture: number; ms: number }[] }[]
}

export interface GroupDesk {
  taken: ShallowRef<GroupTaken | null>
  problem: ShallowRef<ApiProblem | null>
  busy: Ref<boolean>
  /** Why sending has not succeeded yet; it is tried again. */
  waiting: Ref<string>
  result: ShallowRef<GroupDecided | null>
  take(): Promise<void>
  decide(choice: GroupChoice): Promise<void>
  undo(): Promise<string>
}

export function useGroup(id: number, stage: Exclude<Stage, 'legal'>): GroupDesk {
  const taken = shallowRef<GroupTaken | null>(null)
  const problem = shallowRef<ApiProblem | null>(null)
  const busy = ref(false)
  const waiting = ref('')
  const result = shallowRef<GroupDecided | null>(null)
  const path = { path: { id } }
  let sent = ''

  async function take(): Promise<void> {
    busy.value = true
    problem.value = null
    try {
      const got = await ask(api.POST('/api/queue/groups/{id}/take', { params: path, body: { stage, limit: MOST } }))
      result.value = null
      taken.value = got
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      busy.value = false
    }
  }

  /** Sent with one key until the server has answered, so that it counts once. */
  async function decide(choice: GroupChoice): Promise<void> {
    const body = { key: crypto.randomUUID(), stage, ...choice }
    sent = body.key
    busy.value = true
    for (let tries = 1; ; tries++) {
      try {
        result.value = await ask(api.POST('/api/queue/groups/{id}/decide', { params: path, body }))
        taken.value = null
        break
      } catch (error) {
        if (!asProblem(error).passing) {
          problem.value = asProblem(error)
          break
        }
        waiting.value = problemText(error)
        await new Promise((on) => setTimeout(on, waitBefore(tries)))
      }
    }
    waiting.value = ''
    busy.value = false
  }

  /** Takes all of it back; what went wrong, or nothing. */
  async function undo(): Promise<string> {
    const one = result.value?.decided[0]
    if (one === undefined || busy.value) return ''
    busy.value = true
    try {
      const recent = await ask(api.GET('/api/queue/recent', { params: { query: { stage } } }))
      const made = recent.find((r) => r.batch === sent)
      if (!made?.undoable) return made?.because ?? t('recent.not')
      await undoDecision(made.id, crypto.randomUUID(), true)
      await take()
      return ''
    } catch (error) {
      return problemText(error)
    } finally {
      busy.value = false
    }
  }

  const inUse = useInUse(() => undefined)
  const renewing = setInterval(() => {
    if (taken.value && !busy.value && inUse()) void ask(api.POST('/api/queue/groups/{id}/take', { params: path, body: { stage, limit: MOST } })).catch(() => undefined)
  }, RENEW_MS)
  // Before the page goes: what was not sent would be lost without a word.
  const unsent = (event: BeforeUnloadEvent): void => {
    if (busy.value && waiting.value) event.preventDefault()
  }
  // What is still being sent goes on while the page lives, and needs its leases.
  const leaving = (): void => {
    if (taken.value && !busy.value) releaseGroupOnLeave(id)
  }
  addEventListener('beforeunload', unsent)
  addEventListener('pagehide', leaving)
  onBeforeUnmount(() => {
    clearInterval(renewing)
    removeEventListener('beforeunload', unsent)
    removeEventListener('pagehide', leaving)
    leaving()
  })
  return { taken, problem, busy, waiting, result, take, decide, undo }
}
