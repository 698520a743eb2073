/** Reads something whenever what it depends on changes; keeps the old while the new comes; late answers are dropped. */
import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { asProblem, type ApiProblem } from '@/api/problem'
import { language } from '@/i18n'

export interface Loaded<T> {
  data: ShallowRef<T | null>
  problem: ShallowRef<ApiProblem | null>
  busy: Ref<boolean>
  load(): Promise<void>
}

export function useLoad<T>(depends: () => unknown, read: () => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null) as ShallowRef<T | null>
  const problem = shallowRef<ApiProblem | null>(null)
  const busy = ref(false)
  let round = 0
  async function load(): Promise<void> {
    const mine = ++round
    busy.value = true
    try {
      const got = await read()
      if (mine === round) [data.value, problem.value] = [got, null]
    } catch (error) {
      if (mine === round) problem.value = asProblem(error)
    } finally {
      if (mine === round) busy.value = false
    }
  }
  watch([depends, language], () => void load(), { immediate: true })
  return { data, problem, busy, load }
}
