// Prints what lbrnts reads of the LightBurn project on standard input, as JSON.
import { readFileSync } from "node:fs"
import { CutSetting, LightBurnBaseElement, ShapePath } from "lbrnts"

const project = LightBurnBaseElement.parse(readFileSync(0, "utf8"))
const settings = project.children.filter((child) => child instanceof CutSetting)
const paths = project.children.filter((child) => child instanceof ShapePath)

process.stdout.write(
  JSON.stringify({
    app: project.appVersion,
    format: project.formatVersion,
    mirrored: [project.mirrorX, project.mirrorY],
    settings: settings.map((setting) => ({
      type: setting.type,
      index: setting.index,
      name: setting.name,
      priority: setting.priority,
      minPower: setting.minPower,
      maxPower: setting.maxPower,
      speed: setting.speed,
      frequency: setting.frequency,
      pulseWidth: setting.qPulseWidth ?? null,
      passes: setting.numPasses,
    })),
    shapes: paths.map((path) => ({
      layer: path.cutIndex,
      transform: path.xform,
      vertices: path.verts.map(({ x, y }) => [x, y]),
      handles: path.verts.filter((vertex) => vertex.c0y !== undefined || vertex.c1y !== undefined).length,
      pieces: path.prims.map(({ type }) => type),
    })),
    others: project.children.length - settings.length - paths.length,
  }),
)
