/** What ingest notes about footage and tracks, in the reader's words. A note that is not known here is shown as it is. */
import { language } from '@/i18n'

type Kind = 'clock' | 'track' | 'footage'

const KNOWN: [RegExp, Kind, string][] = [
  [/^no capture time in the file or its name/, 'clock', '文件和文件名中都没有拍摄时间，暂以文件日期为准'],
  [/^the file name says .+, the container .+: that is used/, 'clock', '文件名与视频内的时间不一致，以视频内的为准'],
  [/in the container is from a clock that was never set/, 'clock', '视频内的时间来自未校时的时钟，未采用'],
  [/^(\d+) looks had the time of the one before/, 'clock', '$1 帧与前一帧时间相同，已略去'],
  [/^the clock jumped back for (\d+) looks/, 'clock', '时钟回跳，$1 帧已略去；请校准设备时钟'],
  [/^the clock was set back for good (\d+) times/, 'clock', '时钟被回拨 $1 次；请校准设备时钟'],
  [/comes from an unset clock/, 'clock', '起始时间来自未校时的时钟，请提供真实时间'],
  [/lies .+ in the future/, 'clock', '起始时间在将来：请校准设备时钟或核对时区'],
  [/they differ by about (\d+) h: check the time zone/, 'clock', '轨迹与视频相差约 $1 小时：请核对起始时间的时区'],
  [/it runs .+, the footage .+; give the track of this drive/, 'track', '轨迹与视频的时间对不上，请提供这次行驶的轨迹'],
  [/^(\d+) looks have no position or heading/, 'track', '$1 帧没有位置或方向，未作判断'],
  [/^track: (\d+) fixes that imply more than/, 'track', '轨迹中 $1 个跳点已略去'],
  [/^track: (\d+) fixes out of order/, 'track', '轨迹中 $1 个点次序颠倒，已按时间排好'],
  [/^track: (\d+) fixes with a time already seen/, 'track', '轨迹中 $1 个点时间重复，保留第一个'],
  [/^track: (\d+) fixes from a clock that was never set/, 'track', '轨迹中 $1 个点来自未校时的时钟，已略去'],
  [/^track: (\d+) .*left out/, 'track', '轨迹中 $1 个点无法读取，已略去'],
  [/no usable fix in it|had no fix/, 'track', '没有可用的定位，请检查接收机'],
  [/fixes are impossible|positions jump/, 'track', '定位大多不可信，请检查接收机'],
  [/this is no GPX that can be read/, 'track', 'GPX 无法读取，请重新导出'],
  [/columns for time, lat and lon are needed/, 'track', '表格缺少时间、纬度或经度列'],
  [/this is no text; give a GPX/, 'track', '不是轨迹文件'],
  [/^(\d+) damaged frames could not be decoded/, 'footage', '$1 帧损坏，已略去'],
  [/^(\d+) of (\d+) frames are damaged/, 'footage', '$2 帧中 $1 帧损坏，已略去'],
  [/^the file breaks off/, 'footage', '文件中断，已使用此前的部分'],
  [/index is missing or damaged/, 'footage', '视频索引缺失或损坏（录制被中断），请从设备重新拷贝'],
  [/this is not a video that can be read/, 'footage', '不是可读取的视频，请发送 MP4、MKV、TS、AVI 或 MOV'],
  [/this is a text file, not a video/, 'footage', '这是文本，不是视频'],
  [/not one frame can be decoded/, 'footage', '没有一帧可以解码，请从设备重新拷贝'],
]

export const kindOf = (note: string): Kind => KNOWN.find(([pattern]) => pattern.test(note))?.[1] ?? 'footage'

export function inWords(note: string): string {
  if (language.value === 'en') return note
  for (const [pattern, , words] of KNOWN) {
    const found = pattern.exec(note)
    if (found) return words.replace(/\$(\d)/g, (_, n: string) => found[Number(n)] ?? '')
  }
  return note
}
