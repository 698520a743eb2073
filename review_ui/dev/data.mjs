// Plausible data after the contract, for development only. Nothing of this reaches the build.
import { readFileSync } from 'node:fs'

/** casework/words.toml is an array of flat tables: enough of TOML for that. */
export function words() {
  const out = {}
  let row = null
  for (const line of readFileSync(new URL('../../casework/words.toml', import.meta.url), 'utf8').split('\n')) {
    const head = /^\[\[(\w+)\]\]/.exec(line)
    if (head) (out[head[1]] ??= []).push((row = { key: null, stage: null }))
    const kv = /^(\w+) = "(.*)"$/.exec(line)
    if (kv && row) row[kv[1]] = kv[2]
  }
  return out
}

export const squads = [['JAS', '静安寺中队', "Jing'ansi Squad"], ['CJD', '曹家渡中队', 'Caojiadu Squad'], ['JNL', '江宁路中队', 'Jiangning Road Squad']].map(([code, name, name_en]) => ({ code, name, name_en }))
export const streets = [['YYL', '愚园路', 'Yuyuan Road'], ['WDL', '武定路', 'Wuding Road'], ['XZL', '新闸路', 'Xinzha Road']].map(([code, name, name_en]) => ({ code, name, name_en }))
export const shops = [['S1', '阿珍水果店', "Azhen's Fruit"], ['S2', '老王五金', 'Old Wang Hardware'], null, ['S4', '老面馆', 'Old Noodle House']].map((s) => s && { code: s[0], name: s[1], name_en: s[2] })
const devices = [['C-0312', '愚园路 218 号前', 'Yuyuan Road 218', 'fixed'], ['C-0315', '武定路口', 'Wuding Road corner', 'fixed'], ['V-07', '巡逻车 7', 'Patrol car 7', 'vehicle']].map(([code, name, name_en, kind]) => ({ code, name, name_en, kind }))
const types = ['stall', 'cross_door', 'stacked_goods']
const iso = (ms) => new Date(ms).toISOString()
const T0 = Date.parse('2026-10-31T06:05:12Z')
const hash = (n) => (n * 2654435761).toString(16).padStart(8, '0').slice(-8).repeat(8)

export function candidate(i) {
  const first = T0 + i * 1_711_000, count = [3, 5, 4, 7, 1][i % 5], dwell = 440 + (i * 53) % 900
  const type = types[i % 3], device = devices[i % 3], s = i % 3
  const pictures = Array.from({ length: count }, (_, k) => ({
    id: i * 100 + k, role: k === 0 ? 'first' : k === count - 1 ? 'latest' : 'middle', captured_at: iso(first + (dwell * 1000 * k) / Math.max(1, count - 1)),
    time_source: 'device', device: device.code, width: 1280, height: 720, url: `/api/evidence/${i * 100 + k}?view=true`, sha256: hash(i * 100 + k),
    boxes: [{ label: type, confidence: 0.83, xyxy: [0.385, 0.52, 0.61, 0.755], subject: true }, { label: 'person', confidence: 0.7, xyxy: [0.2, 0.5, 0.24, 0.68], subject: false }, { label: 'car', confidence: 0.55, xyxy: [0.75, 0.78, 0.95, 0.95], subject: false }],
    zones: device.kind === 'fixed' ? [{ code: 'P1', kind: 'pavement', polygon: [[0, 0.56], [1, 0.56], [1, 0.76], [0, 0.76]], shop: null }, { code: 'F1', kind: 'frontage', polygon: [[0.33, 0.56], [0.5, 0.56], [0.5, 0.64], [0.33, 0.64]], shop: 'S1' }] : [],
  }))
  const best = pictures[Math.min(1, count - 1)]
  const missing = i % 4 === 3 ? 'marked,clock_sync' : ''
  return {
    id: i, number: `YS202610${String(i).padStart(4, '0')}`, type, state: 'open', proof: missing ? 'clue' : 'evidence', squad: squads[s], street: streets[s], shop: shops[i % 4], device,
    first_at: iso(first), last_at: iso(first + dwell * 1000), observed_s: dwell - 40, inferred_s: 40, confidence: 0.83 - (i % 5) * 0.06, standing: i % 2 === 0,
    latitude: 31.2215 + s * 0.002, longitude: 121.437 + (i % 7) * 0.001, picture: best.url, reason: null, case_id: null, case_number: null,
    pictures, clip: i % 3 === 0 && process.env.MOCK_CLIP ? { url: '/api/evidence/clip', start: iso(first + dwell * 1000 - 10000), end: iso(first + dwell * 1000), sha256: hash(7) } : null,
    checks: [
      { code: 'pictures', ok: count >= 3, values: { count, needed: 3 } }, { code: 'spacing', ok: true, values: { least_s: 62, needed_s: 60 } },
      { code: 'dwell', ok: true, values: { dwell_s: dwell, observed_s: dwell - 40, needed_s: 300 } }, { code: 'approval', ok: !missing, values: { missing } },
      { code: 'clock', ok: true, values: { source: 'device', offset_s: 0.3 } }, { code: 'permitted', ok: true, values: { place: null } }, { code: 'hours', ok: null, values: {} },
      { code: 'zone', ok: true, values: { kind: 'pavement', share: 0.93 } }, ...(device.kind === 'vehicle' ? [{ code: 'passes', ok: true, values: { count: 2, needed: 2 } }, { code: 'position', ok: true, values: { error_m: 4.2 } }] : []),
    ],
    merged_into: null, merged: [], events: [], acts: [], algorithm: null, warning: false, rule_set: 1,
    sightings: [{ id: i, candidate: i, device: device.code, first_at: iso(first), last_at: iso(first + dwell * 1000), observed_s: dwell - 40, inferred_s: 40, looks: 88 }],
    decisions: [], seals: [{ seq: i, manifest_sha256: hash(i), hash: hash(i + 5), sealed_at: iso(first + dwell * 1000 + 4000) }],
    history: { candidates: 4, confirmed: 2, cases: 1 }, place_error_m: device.kind === 'vehicle' ? 4.2 : null, rule: type, rule_version: 3, model_id: 'street-n-640',
  }
}

export const deviceList = () => devices.map((d, i) => ({ ...d, squad: squads[i], street: streets[i], latitude: 31.2215 + i * 0.002, longitude: 121.437, approved: i === 0, missing: i === 0 ? [] : ['marked', 'clock_sync'].slice(0, i), footage: 12 - i, looks: 5400 - i * 800, candidates: 31 - i * 9, last_seen: i === 2 ? null : iso(T0), condition: null }))

export const footage = Array.from({ length: 27 }, (_, i) => ({ id: i + 1, kind: 'file', device: devices[i % 3].code, name: `2026-10-${String((i % 30) + 1).padStart(2, '0')}_0800-0900.mp4`, sha256: hash(i), size: 340_000_000 + i * 7e6, state: ['done', 'done', 'done', 'running', 'failed'][i % 5], received_at: iso(T0 - i * 3.6e6), start: i % 5 === 4 ? null : iso(T0 - i * 3.6e6 - 7.2e6), end: i % 5 === 4 ? null : iso(T0 - i * 3.6e6 - 3.6e6), time_source: i % 5 === 4 ? null : 'device', frames: 90000, looks: i % 5 === 4 ? 0 : 3600, detections: 812, candidates: i % 4, notes: i % 5 === 4 ? ['无法解码：文件不完整（第 3 分 12 秒之后没有数据）'] : i % 7 === 2 ? ['画面静止 4 分钟，未计入观察时间'] : [] }))

const ring = (x, y, w, h) => [[[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]]
const feature = (geometry, properties) => ({ type: 'Feature', geometry, properties })
export const map = {
  squads: { type: 'FeatureCollection', features: squads.map((s, i) => feature({ type: 'Polygon', coordinates: ring(121.433, 31.2195 + i * 0.0022, 0.014, 0.0022) }, s)) },
  streets: { type: 'FeatureCollection', features: streets.map((s, i) => feature({ type: 'LineString', coordinates: [[121.433, 31.2213 + i * 0.002], [121.447, 31.2218 + i * 0.002]] }, s)) },
  shops: { type: 'FeatureCollection', features: Array.from({ length: 24 }, (_, i) => feature({ type: 'Polygon', coordinates: ring(121.434 + i * 0.0005, 31.22165 + i * 0.00002, 0.0003, 0.0001) }, { code: `S${i}`, name: `商户 ${i}`, name_en: `Shop ${i}` })) },
  permitted: { type: 'FeatureCollection', features: [feature({ type: 'Polygon', coordinates: ring(121.4385, 31.2211, 0.0009, 0.0002) }, { code: 'M1', name: '愚园路疏导点', name_en: 'Yuyuan Road market' })] },
}

export const figures = [['looks', '取帧', 'Looks', 'event', '次'], ['candidates', '疑似', 'Candidates', 'event', '件'], ['reviewed', '已审', 'Reviewed', 'act', '件'], ['confirmed', '属实', 'Confirmed', 'act', '件'], ['rejected', '剔除', 'Rejected', 'act', '件'], ['clues', '线索', 'Clues', 'event', '件'], ['cases', '转案', 'Cases opened', 'act', '件'], ['noticed', '告知整改', 'Told to correct', 'act', '件'], ['corrected', '已整改', 'Corrected', 'act', '件'], ['filed', '立案', 'Filed', 'act', '件'], ['decided', '处罚决定', 'Decided', 'act', '件'], ['fines', '罚款', 'Fines', 'act', '元'], ['paid', '已缴', 'Paid', 'act', '件']]
  .map(([code, zh, en, date, unit]) => ({ code, zh, en, key: null, stage: null, date, unit, formula_zh: `本月${zh}的件数（按上海时间）`, formula_en: `number of ${en.toLowerCase()} in the month, Shanghai time` }))

export const caseOf = (c, id, stateLog) => ({
  id, number: `静城执非〔2026〕${String(id).padStart(4, '0')}号`, type: c.type, stage: 'evidence_lock', state: 'opened', mode: c.proof, squad: c.squad, street: c.street, party: null, opened_at: iso(T0 + 9e7 + id * 1e6), seen_at: c.first_at, fine_yuan: null, closed_at: null, candidate: c, events: stateLog, next: [],
})
