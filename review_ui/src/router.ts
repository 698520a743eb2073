/** Pages by address, who may open them, and the way to sign-in and back. */
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { onSignedOut } from '@/api/client'
import type { Key } from '@/i18n'
import { loadReference } from '@/stores/reference'
import { forget, may, whoAmI } from '@/stores/session'
import { outageSeen } from '@/stores/outage'

declare module 'vue-router' {
  interface RouteMeta {
    title: Key
    /** Any of these acts opens the page. */
    acts?: string[]
    /** The page fills the window and does not scroll on a wide screen. */
    fixed?: boolean
  }
}

export interface RailEntry {
  page: string
  to: string
  label: Key
  acts: string[]
  /** With any of these another entry leads there. */
  unless?: string[]
  /** Other addresses under the same entry; its tabs lead there. */
  under?: string[]
}

/** The left rail, at most eight. */
export const RAIL: RailEntry[] = [
  { page: 'review', to: '/review', label: 'nav.review', acts: ['review', 'senior'] },
  { page: 'quality', to: '/review/quality', label: 'nav.quality', acts: ['quality'], unless: ['review', 'senior'], under: ['/review/planted'] },
  { page: 'legal', to: '/legal', label: 'nav.legal', acts: ['legal'] },
  { page: 'cases', to: '/cases', label: 'nav.cases', acts: ['cases'] },
  { page: 'statistics', to: '/statistics', label: 'nav.statistics', acts: ['statistics'] },
  { page: 'candidates', to: '/candidates', label: 'nav.candidates', acts: ['candidates'] },
  { page: 'devices', to: '/devices', label: 'nav.devices', acts: ['devices'], under: ['/uploads', '/cameras', '/plans', '/operations'] },
  { page: 'algorithms', to: '/algorithms', label: 'nav.algorithms', acts: ['algorithms'] },
  { page: 'samples', to: '/samples', label: 'nav.samples', acts: ['samples'] },
  { page: 'audit', to: '/audit', label: 'nav.audit', acts: ['audit'] },
  { page: 'accounts', to: '/accounts', label: 'nav.accounts', acts: ['accounts'] },
]

/** The entries that this person has. */
export const railOf = (): RailEntry[] => RAIL.filter((r) => r.acts.some(may) && !r.unless?.some(may))

/** Where each person's day begins: what they decide before what they may read. */
function home(): string {
  const first: [string, string][] = [['review', '/review'], ['senior', '/review'], ['legal', '/legal'], ['steps', '/cases'], ['audit', '/audit'], ['statistics', '/statistics']]
  return first.find(([act]) => may(act))?.[1] ?? RAIL.find((r) => r.acts.some(may))?.to ?? '/none'
}

const routes: RouteRecordRaw[] = [
  { path: '/sign-in', component: () => import('@/pages/SignIn.vue'), meta: { title: 'sign.title' } },
  { path: '/', redirect: home },
  { path: '/review', component: () => import('@/pages/ReviewPage.vue'), meta: { title: 'review.title', acts: ['review', 'senior'], fixed: true } },
  { path: '/review/groups/:id(\\d+)?', component: () => import('@/pages/GroupPage.vue'), meta: { title: 'group.title', acts: ['review', 'senior'], fixed: true } },
  { path: '/review/quality', component: () => import('@/pages/quality/QualityPage.vue'), meta: { title: 'q.title', acts: ['review', 'quality'] } },
  { path: '/review/quality/:account', component: () => import('@/pages/quality/ReviewerPage.vue'), meta: { title: 'q.title', acts: ['quality'] } },
  { path: '/review/planted', component: () => import('@/pages/quality/PlantedPage.vue'), meta: { title: 'plant.title', acts: ['quality'] } },
  { path: '/legal', component: () => import('@/pages/ReviewPage.vue'), props: { legal: true }, meta: { title: 'legal.title', acts: ['legal'], fixed: true } },
  { path: '/cases', component: () => import('@/pages/CasesPage.vue'), meta: { title: 'cases.title', acts: ['cases'] } },
  { path: '/cases/:id(\\d+)', component: () => import('@/pages/CasePage.vue'), meta: { title: 'cases.title', acts: ['cases'] } },
  { path: '/statistics/:month(\\d{4}-\\d{2})?', component: () => import('@/pages/StatisticsPage.vue'), meta: { title: 'stat.title', acts: ['statistics'] } },
  { path: '/statistics/:month(\\d{4}-\\d{2})/list', component: () => import('@/pages/FigureListPage.vue'), meta: { title: 'stat.title', acts: ['statistics'] } },
  { path: '/devices', component: () => import('@/pages/DevicesPage.vue'), meta: { title: 'devices.title', acts: ['devices'] } },
  { path: '/devices/:code', component: () => import('@/pages/DevicePage.vue'), meta: { title: 'devices.title', acts: ['devices'] } },
  { path: '/devices/:code/zones', component: () => import('@/pages/ZonesPage.vue'), props: (to) => ({ scope: `device:${String(to.params['code'])}` }), meta: { title: 'zone.title', acts: ['devices'], fixed: true } },
  { path: '/cameras', component: () => import('@/pages/cameras/CamerasPage.vue'), meta: { title: 'cam.title', acts: ['devices'] } },
  { path: '/plans', component: () => import('@/pages/cameras/PlansPage.vue'), meta: { title: 'plan.title', acts: ['devices'] } },
  { path: '/plans/:code', component: () => import('@/pages/cameras/PlanPage.vue'), meta: { title: 'plan.title', acts: ['devices'] } },
  { path: '/operations', component: () => import('@/pages/cameras/OperationsPage.vue'), meta: { title: 'ops.title', acts: ['devices'] } },
  { path: '/uploads', component: () => import('@/pages/UploadsPage.vue'), meta: { title: 'up.title', acts: ['devices'] } },
  { path: '/uploads/:code', component: () => import('@/pages/VehiclePage.vue'), meta: { title: 'up.title', acts: ['devices'] } },
  { path: '/rules', component: () => import('@/pages/RulesPage.vue'), meta: { title: 'rules.title', acts: ['rules'] } },
  { path: '/places', component: () => import('@/pages/ZonesPage.vue'), props: { scope: 'ground' }, meta: { title: 'zone.ground', acts: ['devices'], fixed: true } },
  { path: '/candidates', component: () => import('@/pages/CandidatesPage.vue'), meta: { title: 'candidates.title', acts: ['candidates'] } },
  { path: '/candidates/:id(\\d+)', component: () => import('@/pages/CandidatePage.vue'), meta: { title: 'candidates.title', acts: ['candidates', 'review', 'senior', 'legal'], fixed: true } },
  { path: '/algorithms', component: () => import('@/pages/algorithms/AlgorithmsPage.vue'), meta: { title: 'alg.title', acts: ['algorithms'] } },
  { path: '/algorithms/misses', component: () => import('@/pages/algorithms/MissesPage.vue'), meta: { title: 'alg.title', acts: ['algorithms'] } },
  { path: '/algorithms/hints', component: () => import('@/pages/algorithms/HintsPage.vue'), meta: { title: 'alg.title', acts: ['algorithms'] } },
  { path: '/algorithms/:id(\\d+)', component: () => import('@/pages/algorithms/AlgorithmPage.vue'), meta: { title: 'alg.title', acts: ['algorithms'] } },
  { path: '/samples', component: () => import('@/pages/algorithms/SamplesPage.vue'), meta: { title: 'sample.title', acts: ['samples'], fixed: true } },
  { path: '/audit', component: () => import('@/pages/AuditPage.vue'), meta: { title: 'audit.title', acts: ['audit'] } },
  { path: '/accounts', component: () => import('@/pages/AccountsPage.vue'), meta: { title: 'accounts.title', acts: ['accounts'] } },
  { path: '/:rest(.*)*', component: () => import('@/pages/NotFound.vue'), meta: { title: 'common.notFound' } },
]

export const router = createRouter({ history: createWebHistory(), routes })

router.beforeEach(async (to) => {
  if (to.path === '/sign-in') return true
  try {
    const who = await whoAmI()
    if (!who) return { path: '/sign-in', query: ['/', '/none'].includes(to.path) ? {} : { to: to.fullPath } }
    await loadReference()
  } catch (error) {
    outageSeen(error)
    return true
  }
  if (to.path === '/none') return RAIL.some((r) => r.acts.some(may)) ? '/' : true
  return true
})

onSignedOut(() => {
  forget()
  const from = router.currentRoute.value
  if (from.path !== '/sign-in') void router.replace({ path: '/sign-in', query: { to: from.fullPath, ended: '1' } })
})
