// Text of a board, as Markdown.
import { renderMarkdown } from '@grafana/data';

import { fill } from '../../gate/variables.mjs';

export function Words({ panel, values }) {
  return <div dangerouslySetInnerHTML={{ __html: renderMarkdown(fill(panel.options.content ?? '', values)) }} />;
}
