/** The review desk of one stage: the queue, the day's progress, deciding and taking back, and what the server tells. */
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { api, ask } from '@/api/client'
import type { Candidate, DecisionIn, QueueSummary } from '@/api/types'
import { t } from '@/i18n'
import { problemText } from '@/lib/useAct'
import { entries, forgetWritten, outbox, standing, undoDecision, written } from '@/stores/outbox'
import { keepOnly, preload } from './preload'
import { ReviewQueue, type Filters, type QueueState } from './queue'
import { useRecent, type RecentRow } from './useRecent'
import { useUpkeep } from './useUpkeep'

const REMEMBERED = 20

export type Choice = Pick<DecisionIn, 'verdict' | 'reason' | 'note' | 'shown' | 'boxes' | 'type'>

export interface Desk {
  state: QueueState
  candidate: ComputedRef<Candidate | null>
  summary: ShallowRef<QueueSummary | null>
  leaseOver: Ref<boolean>
  /** What happened to the desk by itself, in words. */
  said: Ref<string>
  recent: ComputedRef<RecentRow[]>
  undoing: Ref<boolean>
  decide(choice: Choice): void
  undo(row?: RecentRow): Promise<void>
  putAside(): void
  again(): void
}

export function useReview(filters: Readonly<Ref<Filters>>): Desk {
  const remembered = new Map<number, Candidate>()
  const queue = new ReviewQueue({
    take: (body) => ask(api.POST('/api/queue/next', { body })),
    release: (id) => ask(api.POST('/api/candidates/{id}/release', { params: { path: { id } } })).then(() => undefined),
    renew: (id) => ask(api.POST('/api/candidates/{id}/renew', { params: { path: { id } } })).then((got) => Date.parse(got.lease_until)),
    preload,
    pending: () => outbox()?.pending() ?? [],
    now: () => Date.now(),
  })
  const { state } = queue
  const summary = shallowRef<QueueSummary | null>(null)
  const said = ref('')
  const undoing = ref(false)
  const stage = computed(() => filters.value.stage)
  const candidate = computed(() => state.current?.candidate ?? null)
  const { rows: recent, refresh: refreshRecent } = useRecent(stage, (id) => remembered.get(id))
  let since = performance.now()
  let asking = 0

  async function refresh(): Promise<void> {
    const mine = ++asking
    const { stage, squad, street, type, device, algorithm } = filters.value
    const query = { stage, squad: squad ?? undefined, street: street ?? undefined, type: type ?? undefined, device: device ?? undefined, algorithm: algorithm ?? undefined }
    const got = await ask(api.GET('/api/queue', { params: { query } })).catch(() => null)
    if (got && mine === asking) summary.value = got
  }
  const counted = (by: number): void => {
    if (summary.value) summary.value = { ...summary.value, waiting: Math.max(0, summary.value.waiting - by), mine_today: Math.max(0, summary.value.mine_today + by) }
  }

  function decide(choice: Choice): void {
    const c = candidate.value
    if (!c) return
    const seconds = Math.min(86_400, Math.round((performance.now() - since) / 100) / 10)
    const body: DecisionIn = { stage: stage.value, seconds, key: crypto.randomUUID(), ...choice }
    remembered.delete(c.id)
    remembered.set(c.id, c)
    for (const id of [...remembered.keys()].slice(0, -REMEMBERED)) remembered.delete(id)
    said.value = ''
    outbox()?.add({ candidate: c.id, number: c.number, body, at: Date.now() })
    counted(1)
    void queue.advance()
  }

  async function undo(row = recent.value.find((r) => r.undoable)): Promise<void> {
    if (undoing.value) return
    if (!row?.undoable) return void (said.value = row?.because ?? t('desk.undoNone'))
    undoing.value = true
    try {
      if (row.key && outbox()?.takeBack(row.key, crypto.randomUUID())) {
        const c = remembered.get(row.candidate) ?? (await ask(api.GET('/api/candidates/{id}', { params: { path: { id: row.candidate } } })))
        queue.putBack({ candidate: c, leaseUntil: Number.POSITIVE_INFINITY })
      } else {
        const decision = row.decision ?? written.value.find((w) => w.entry.body.key === row.key)?.decided.decision.id
        if (decision === undefined) return
        const undone = await undoDecision(decision, crypto.randomUUID(), row.batch !== null)
        forgetWritten(decision)
        queue.putBack({ candidate: undone.candidate, leaseUntil: Date.parse(undone.lease_until) })
        void refreshRecent()
      }
      counted(-row.count)
      said.value = row.count > 1 ? t('desk.undoneMany', { n: row.count }) : t('desk.undone', { number: row.number })
    } catch (error) {
      said.value = problemText(error)
      void refreshRecent()
    } finally {
      undoing.value = false
    }
  }

  const { lost, recount, leaseOver } = useUpkeep(queue, candidate, said, refresh)

  watch(filters, (to) => {
    said.value = ''
    void queue.open(to)
    void refresh()
  }, { immediate: true })
  watch(() => candidate.value?.id, () => {
    since = performance.now()
    keepOnly([...queue.heldIds(), ...[...remembered.keys()].slice(-1)])
  })
  watch(written, () => {
    if (!entries.value.some((e) => e.state === 'waiting')) recount()
    if (state.status === 'error') void queue.again() // the way is open again
  })
  watch(standing, (now) => {
    if (now) void lost(now.entry.candidate, now.why)
  })

  return { state, candidate, summary, leaseOver, said, recent, undoing, decide, undo, putAside: () => void queue.putAside(), again: () => void queue.again() }
}
