/** The period of the address (`from`, `to`: days, included); the last 30 days when there is none. */
import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { isDay } from '@/lib/days'
import { lastDays } from '@/lib/quality'

export const LENGTHS = [7, 30, 90] as const
export interface Period {
  from: string
  to: string
}

export function usePeriod(): { period: ComputedRef<Period>; choose(period: Period): void } {
  const route = useRoute()
  const router = useRouter()
  const given = (name: string): string | null => (typeof route.query[name] === 'string' ? (route.query[name] as string) : null)
  const period = computed((): Period => {
    const [from, to] = [given('from'), given('to')]
    return isDay(from) && isDay(to) && from <= to ? { from, to } : lastDays(30)
  })
  return { period, choose: (p) => void router.push({ query: { ...route.query, ...p } }) }
}
