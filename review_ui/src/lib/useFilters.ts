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

/** pager: the part of the address that holds the list's page, which begins anew when a filter changes. */
export function useFilters<N extends string>(names: readonly N[], pager = 'page'): AddressFilters<N> {
  const route = useRoute()
  const router = useRouter()
  const values = computed(() => Object.fromEntries(names.map((n) => [n, one(route.query[n])])) as Values<N>)
  return {
    values,
    set(name, value) {
      void router.push({ query: { ...route.query, [pager]: undefined, [name]: value || undefined } })
    },
    clear() {
      const query: LocationQueryRaw = { ...route.query, [pager]: undefined }
      for (const n of names) query[n] = undefined
      void router.push({ query })
    },
  }
}

/** The page of a list, from the address. */
export function usePage(pager = 'page'): { page: ComputedRef<number>; to(page: number): void } {
  const route = useRoute()
  const router = useRouter()
  return {
    page: computed(() => Math.max(1, Math.trunc(Number(one(route.query[pager]))) || 1)),
    to: (page) => void router.push({ query: { ...route.query, [pager]: page > 1 ? String(page) : undefined } }),
  }
}
