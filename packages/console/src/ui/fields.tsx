/** Fields of forms, each with its label. */
import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly value: string;
}

export function TextField({
  label,
  name,
  value,
  type = "text",
  ...rest
}: FieldProps & {
  readonly type?: "text" | "password" | "datetime-local" | "search";
  readonly required?: boolean;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly inputMode?: "numeric" | "text" | "decimal";
  readonly hint?: string;
}) {
  const id = useId();
  const { hint, ...attributes } = rest;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        // Each type has roles of its own; that of the field is not known before it is drawn.
        type={type as "text"}
        defaultValue={value}
        autocomplete="off"
        spellcheck={false}
        {...(hint !== undefined && { "aria-describedby": `${id}-hint` })}
        {...attributes}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

export function SelectField({
  label,
  name,
  value,
  options,
  onChange,
}: FieldProps & {
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChange?: (value: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} value={value} onChange={(event) => onChange?.(event.currentTarget.value)}>
        {options.map(([one, text]) => (
          <option key={one} value={one} selected={one === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
