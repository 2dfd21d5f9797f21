// A finsurge dashboard by Grafana's published types: the panels that are used, each with its own options.
import type { AnnotationContainer, AnnotationQuery, Dashboard, FieldConfig, FieldConfigSource, Panel, RowPanel } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Fields<Custom> = Omit<FieldConfigSource, 'defaults'> & { defaults: Omit<FieldConfig, 'custom'> & { custom?: Partial<Custom> } };
type Of<Kind extends string, Options, Custom> = Omit<Panel, 'type' | 'options' | 'fieldConfig'> & {
  type: Kind;
  options: Partial<Options>;
  fieldConfig?: Fields<Custom>;
};
type AnyPanel =
  | Of<'stat', Stat.Options, Record<string, never>>
  | Of<'state-timeline', StateTimeline.Options, StateTimeline.FieldConfig>
  | Of<'table', Table.Options, Table.FieldConfig>
  | Of<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig>;

// The published AnnotationQuery knows the target of Grafana's own data source only; this one is that of Prometheus.
type OfPrometheus = Omit<AnnotationQuery, 'target'> & {
  target: { expr: string; interval: string; refId: string };
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
};

export type FinsurgeDashboard = Omit<Dashboard, 'annotations' | 'panels'> & {
  annotations: Omit<AnnotationContainer, 'list'> & { list: OfPrometheus[] };
  panels: Array<AnyPanel | RowPanel>;
};
