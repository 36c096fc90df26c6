/** A line of the last values, without axes: it shows whether something rises or falls. */

const WIDTH = 120;
const HEIGHT = 26;

export function Spark({ values }: { readonly values: readonly number[] }) {
  const highest = Math.max(1, ...values);
  const points = values.map((value, place) => {
    const x = values.length < 2 ? WIDTH : (place / (values.length - 1)) * WIDTH;
    return `${x.toFixed(1)},${(HEIGHT - 2 - (value / highest) * (HEIGHT - 4)).toFixed(1)}`;
  });
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {points.length > 1 && (
        <>
          <polygon class="spark-area" points={`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />
          <polyline class="spark-line" points={points.join(" ")} />
        </>
      )}
    </svg>
  );
}
