/** Filters that live in the address: absent means all. */
import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw, type LocationQueryValue } from 'vue-router'

type Values<N extends string> = Record<N, string | null>

export interface AddressFilters<N extends string> {
  values: ComputedRef<Values<N>>
  set(name: N, value: string | null): void
  clear(): void
}

const one = (value: LocationQueryValue | LocationQueryValue[] | undefined): string | null =>
  (Array.isArray(value) ? value[0] : value) || null

export function useFilters<N extends string>(names: readonly N[]): AddressFilters<N> {
  const route = useRoute()
  const router = useRouter()
  const values = computed(() => Object.fromEntries(names.map((n) => [n, one(route.query[n])])) as Values<N>)
  return {
    values,
    set(name, value) {
      const { page: _page, ...query } = route.query
      void router.push({ query: { ...query, [name]: value || undefined } })
    },
    clear() {
      const query: LocationQueryRaw = { ...route.query, page: undefined }
      for (const n of names) query[n] = undefined
      void router.push({ query })
    },
  }
}

/** The page of a list, from the address. */
export function usePage(): { page: ComputedRef<number>; to(page: number): void } {
  const route = useRoute()
  const router = useRouter()
  return {
    page: computed(() => Math.max(1, Math.trunc(Number(one(route.query['page']))) || 1)),
    to: (page) => void router.push({ query: { ...route.query, page: page > 1 ? String(page) : undefined } }),
  }
}
