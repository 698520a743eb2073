// A stand-in for the API while it is being written: `npm run mock`, then `npm run dev`. Development only.
// Any name signs in; the name is the role (reviewer, legal, officer, leader, statistician, auditor, admin), or "all".
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { candidate, caseOf, deviceList, figures, footage, map, squads, streets, words } from './data.mjs'
import { scene } from './pictures.mjs'

const W = words()
const ACTS = { reviewer: ['review', 'candidates', 'devices'], legal: ['legal', 'candidates', 'cases', 'steps', 'statistics', 'devices'], officer: ['candidates', 'cases', 'steps', 'devices'], leader: ['senior', 'candidates', 'cases', 'steps', 'statistics', 'devices'], statistician: ['candidates', 'cases', 'statistics', 'devices', 'zones'], auditor: ['candidates', 'cases', 'statistics', 'devices', 'audit'], admin: ['devices', 'zones', 'accounts'] }
ACTS.all = [...new Set(Object.values(ACTS).flat())]
const STEPS = { opened: ['identified', 'withdrawn'], identified: ['noticed'], noticed: ['corrected', 'filed'], filed: ['notified', 'not_penalised'], notified: ['decided'], decided: ['served'], served: ['paid'] }
const NEEDS = { identified: ['party'], decided: ['procedure', 'fine_yuan'] }

const all = Array.from({ length: 34 }, (_, i) => candidate(i + 1))
const cases = []
const audit = []
const keys = new Map()
const accounts = Object.keys(ACTS).map((r, i) => ({ id: i + 1, username: r, display_name: ['李敏', '周律', '王强', '陈队', '吴统', '督察一', '管理员', '全能'][i], role: r, squad: i % 3 ? null : squads[0], active: true, created_at: '2026-09-01T00:00:00Z' }))
let me = null
let today = 36

function problem(status, code, detail) { return { status, body: { type: 'about:blank', title: code, status, code, detail, fields: {} } } }
const brief = (c) => Object.fromEntries(Object.entries(c).filter(([k]) => !['pictures', 'clip', 'checks', 'sightings', 'decisions', 'seals', 'history', 'place_error_m', 'rule', 'rule_version', 'model_id'].includes(k)))
const state = { first: ['open', 'returned'], senior: ['escalated'], legal: ['kept'] }
const fits = (q) => (c) => (!q.squad || c.squad?.code === q.squad) && (!q.street || c.street?.code === q.street) && (!q.type || c.type === q.type) && (!q.state || c.state === q.state) && (!q.stage || c.stage === q.stage)
const paged = (rows, q) => { const page = Number(q.page ?? 1), size = Number(q.size ?? 50); return { items: rows.slice((page - 1) * size, page * size), total: rows.length, page, size } }
const note = (action, subject, detail) => audit.unshift({ seq: audit.length + 1, at: new Date().toISOString(), actor: `account:${me?.username}`, action, subject, detail, hash: 'ab'.repeat(32) })

function openCase(c) {
  const k = caseOf(brief(c), cases.length + 1, [])
  move(k, 'opened', { reason: '法制审核接受', by: me?.display_name })
  cases.push(k)
  Object.assign(c, { case_id: k.id, case_number: k.number, state: 'filed' })
  return k
}
function move(k, to, { reason, by, ...values }) {
  k.events = [...k.events, { seq: k.events.length + 1, at: new Date().toISOString(), by: by ?? me?.display_name ?? '陈队', from_state: k.events.length ? k.state : null, to_state: to, reason, values }]
  const word = W.case_states.find((s) => s.code === to)
  Object.assign(k, { state: to, stage: word.stage, party: values.party ?? k.party, fine_yuan: values.fine_yuan ?? k.fine_yuan, closed_at: STEPS[to] ? null : new Date().toISOString() })
  k.next = (STEPS[to] ?? []).map((n) => ({ to: n, stage: W.case_states.find((s) => s.code === n).stage, needs: NEEDS[n] ?? [], roles: n === 'decided' ? ['leader'] : ['officer', 'leader'], mine: true }))
}
for (const c of all.slice(20)) { c.state = ['kept', 'rejected', 'filed', 'escalated'][c.id % 4]; if (c.state === 'rejected') c.reason = W.reasons[c.id % 12].code; if (c.state !== 'rejected') c.decisions.push({ id: c.id, stage: 'first', verdict: 'keep', reason: null, note: '占道明显，有价目牌', by: '李敏', decided_at: c.last_at, seconds: 11.4 }); if (c.state === 'filed') openCase(c) }
if (cases[0]) for (const to of ['identified', 'noticed', 'filed', 'notified', 'decided']) move(cases[0], to, { reason: '按程序办理', party: to === 'identified' ? '上海阿珍水果经营部' : undefined, fine_yuan: to === 'decided' ? 500 : undefined, procedure: to === 'decided' ? 'ordinary' : undefined, by: '王强' })

function statistics(month) {
  const mine = month === '2026-10' ? all : []
  const value = (f, squad, type) => {
    const rows = rowsOf(f, mine, squad, type)
    if (f === 'looks') return type ? null : rows.reduce((n, x) => n + x.looks, 0)
    if (f === 'fines') return rows.reduce((n, x) => n + (x.fine_yuan ?? 0), 0)
    return rows.length
  }
  const row = (squad, type) => ({ squad, type, figures: Object.fromEntries(figures.map((f) => [f.code, value(f.code, squad?.code, type)])), rejected_by_reason: Object.fromEntries(W.reasons.map((r) => [r.code, mine.filter(fits({ squad: squad?.code, type, state: 'rejected' })).filter((c) => c.reason === r.code).length])) })
  const rows = [...squads.flatMap((s) => W.types.map((t) => row(s, t.code))), ...squads.map((s) => row(s, null)), row(null, null)]
  return { month, generated_at: new Date().toISOString(), complete: month < '2026-11', figures, rows, months: ['2026-10'] }
}
function rowsOf(figure, mine, squad, type) {
  if (figure === 'looks') return mine.length ? footage.filter((f) => !squad || deviceList().find((d) => d.code === f.device).squad.code === squad) : []
  const picked = mine.filter(fits({ squad, type }))
  if (figure === 'candidates') return picked
  if (figure === 'reviewed') return picked.filter((c) => c.state !== 'open')
  if (figure === 'confirmed') return picked.filter((c) => ['kept', 'filed'].includes(c.state))
  if (figure === 'rejected') return picked.filter((c) => c.state === 'rejected')
  if (figure === 'clues') return picked.filter((c) => c.proof === 'clue')
  const of = mine.length ? cases.filter(fits({ squad, type })) : []
  return figure === 'cases' ? of : figure === 'fines' ? of.filter((k) => k.fine_yuan) : of.filter((k) => k.events.some((e) => e.to_state === figure))
}

const routes = [
  ['GET', /^\/api\/session$/, () => (me ? { body: me } : problem(401, 'not_signed_in', '请先登录'))],
  ['POST', /^\/api\/session$/, (_m, _q, b) => {
    const role = ACTS[b.username] ? b.username : null
    if (!role) return problem(401, 'wrong_password', '用户名或密码不对')
    const a = accounts.find((x) => x.username === role)
    me = { id: a.id, username: role, display_name: a.display_name, role: role === 'all' ? 'leader' : role, squad: a.squad, language: 'zh', csrf_token: 'mock', may: ACTS[role] }
    return { body: me }
  }],
  ['DELETE', /^\/api\/session$/, () => { me = null; return { status: 204 } }],
  ['GET', /^\/api\/reference$/, () => ({ body: { ...W, squads, streets } })],
  ['GET', /^\/api\/queue$/, (_m, q) => {
    const rows = all.filter((c) => state[q.stage ?? 'first'].includes(c.state)).filter(fits({ squad: q.squad, street: q.street, type: q.type }))
    const by = (f) => rows.reduce((n, c) => { const k = f(c); if (k) n[k] = (n[k] ?? 0) + 1; return n }, {})
    return { body: { stage: q.stage ?? 'first', waiting: rows.length, held: 0, by_type: by((c) => c.type), by_squad: by((c) => c.squad?.code), by_street: by((c) => c.street?.code), mine_today: today, median_s: 12.4 } }
  }],
  ['POST', /^\/api\/queue\/next$/, (_m, _q, b) => {
    const rows = all.filter((c) => state[b.stage].includes(c.state)).filter(fits({ squad: b.squad, street: b.street, type: b.type }))
    const c = rows.find((x) => !b.skip.includes(x.id)) ?? null
    return { body: { candidate: c, lease_until: c && new Date(Date.now() + 300_000).toISOString(), waiting: rows.length } }
  }],
  ['GET', /^\/api\/candidates$/, (_m, q) => ({ body: paged(all.filter(fits(q)).map(brief), q) })],
  ['GET', /^\/api\/candidates\/(\d+)$/, (m) => { const c = all.find((x) => x.id === Number(m[1])); return c ? { body: c } : problem(404, 'not_found', `没有疑似 ${m[1]}`) }],
  ['POST', /^\/api\/candidates\/(\d+)\/release$/, () => ({ status: 204 })],
  ['POST', /^\/api\/candidates\/(\d+)\/decisions$/, (m, _q, b) => {
    const c = all.find((x) => x.id === Number(m[1]))
    if (keys.has(b.key)) return { body: keys.get(b.key) }
    if (!state[b.stage].includes(c.state)) return problem(409, 'already_decided', '该疑似已由他人处理')
    const decision = { id: keys.size + 1000, stage: b.stage, verdict: b.verdict, reason: b.reason, note: b.note, by: me.display_name, decided_at: new Date().toISOString(), seconds: b.seconds }
    c.decisions.push(decision)
    c.reason = b.reason
    if (b.verdict === 'accept') openCase(c)
    else c.state = { keep: 'kept', reject: 'rejected', escalate: 'escalated', return: 'returned' }[b.verdict]
    today += 1
    note('decision', `candidate:${c.id}`, b)
    const done = { decision, state: c.state, case_id: c.case_id, case_number: c.case_number }
    keys.set(b.key, done)
    return { body: done }
  }],
  ['GET', /^\/api\/evidence\/clip$/, () => ({ file: process.env.MOCK_CLIP })],
  ['GET', /^\/api\/evidence\/(\d+)$/, (m) => { const id = Number(m[1]); const c = all.find((x) => x.id === Math.floor(id / 100)); const p = c?.pictures.find((x) => x.id === id); return p ? { svg: scene({ seed: c.id + (id % 100) * 0.01, label: `${c.device.code}  ${p.captured_at}` }) } : problem(404, 'not_found', '没有图片') }],
  ['GET', /^\/api\/cases$/, (_m, q) => ({ body: paged(cases.filter(fits(q)), q) })],
  ['GET', /^\/api\/cases\/(\d+)$/, (m) => { const k = cases.find((x) => x.id === Number(m[1])); return k ? { body: k } : problem(404, 'not_found', `没有案件 ${m[1]}`) }],
  ['POST', /^\/api\/cases\/(\d+)\/steps$/, (m, _q, b) => { const k = cases.find((x) => x.id === Number(m[1])); move(k, b.to, { reason: b.reason, party: b.party ?? undefined, fine_yuan: b.fine_yuan ?? undefined, procedure: b.procedure ?? undefined }); return { body: k } }],
  ['GET', /^\/api\/statistics\/([\d-]+)$/, (m) => ({ body: statistics(m[1]) })],
  ['GET', /^\/api\/statistics\/([\d-]+)\/list$/, (m, q) => {
    let rows = rowsOf(q.figure, m[1] === '2026-10' ? all : [], q.squad, q.type)
    if (q.reason) rows = rows.filter((c) => c.reason === q.reason)
    const kind = q.figure === 'looks' ? 'footage' : rows[0]?.events ? 'cases' : 'candidates'
    const p = paged(kind === 'candidates' ? rows.map(brief) : rows, q)
    return { body: { figure: q.figure, kind, candidates: [], cases: [], footage: [], [kind]: p.items, total: p.total, sum: q.figure === 'looks' ? rows.reduce((n, x) => n + x.looks, 0) : q.figure === 'fines' ? rows.reduce((n, x) => n + x.fine_yuan, 0) : p.total, page: p.page, size: p.size } }
  }],
  ['GET', /^\/api\/devices$/, (_m, q) => ({ body: paged(deviceList().filter((d) => (!q.query || `${d.code} ${d.name}`.includes(q.query)) && (!q.kind || d.kind === q.kind)), q) })],
  ['GET', /^\/api\/devices\/names$/, (_m, q) => ({ body: deviceList().filter((d) => `${d.code} ${d.name}`.includes(q.query ?? '')).map(({ code, name, name_en, kind }) => ({ code, name, name_en, kind })) })],
  ['GET', /^\/api\/camera-conditions$/, () => ({ body: [] })],
  ['GET', /^\/api\/watches$/, (_m, q) => ({ body: paged([], q) })],
  ['GET', /^\/api\/devices\/([\w-]+)$/, (m) => ({ body: { ...deviceList().find((d) => d.code === m[1]), zones: m[1].startsWith('C') ? candidate(1).pictures[0].zones.map((z) => ({ ...z, calendar: null, version: 2 })) : [], approvals: W.approvals.map((a, i) => ({ kind: a.code, valid_from: '2026-01-01', valid_to: '2026-12-31', document: `沪城管备〔2026〕${i + 3}号`, person: '李敏', valid: m[1] === 'C-0312' || i < 5 })), mounting: { height_m: 3.2, pitch_deg: 12, heading_deg: 95, fov_deg: 78 }, conditions: [], picture: m[1].startsWith('C') ? `/api/devices/${m[1]}/picture` : null } })],
  ['GET', /^\/api\/devices\/([\w-]+)\/picture$/, (m) => ({ svg: scene({ seed: m[1].length, stall: false, label: m[1] }) })],
  ['GET', /^\/api\/footage$/, (_m, q) => ({ body: paged(footage.filter((f) => !q.device || f.device === q.device), q) })],
  ['GET', /^\/api\/map$/, () => ({ body: map })],
  ['GET', /^\/api\/map\/devices$/, () => ({ body: { points: deviceList(), clusters: [], total: deviceList().length } })],
  ['GET', /^\/api\/accounts$/, () => ({ body: accounts })],
  ['POST', /^\/api\/accounts$/, (_m, _q, b) => { const a = { id: accounts.length + 1, ...b, squad: squads.find((s) => s.code === b.squad) ?? null, active: true, created_at: new Date().toISOString() }; accounts.push(a); return { status: 201, body: a } }],
  ['GET', /^\/api\/audit$/, (_m, q) => ({ body: paged(audit, q) })],
]

createServer(async (req, res) => {
  const url = new URL(req.url, 'http://mock')
  let text = ''
  for await (const part of req) text += part
  const route = routes.find(([method, path]) => method === req.method && path.test(url.pathname))
  const answer = route ? route[2](route[1].exec(url.pathname), Object.fromEntries(url.searchParams), text ? JSON.parse(text) : {}) : problem(404, 'not_found', 'no such route')
  if (answer.file) return void createReadStream(answer.file).pipe(res.writeHead(200, { 'content-type': 'video/mp4' }))
  if (answer.svg) return void res.writeHead(200, { 'content-type': 'image/svg+xml' }).end(answer.svg)
  const status = answer.status ?? 200
  res.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json' }).end(answer.body === undefined ? '' : JSON.stringify(answer.body))
}).listen(Number(process.env.PORT ?? 5199), '127.0.0.1', () => console.log('mock API on http://127.0.0.1:5199'))
