// A shop's own stack in Go that reuses two components of the booking system.
//
//	eval "$(booking env)"    # or log in to a backend of your own and set AWS credentials
//	go run . up              # then: outputs, destroy
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func program(ctx *pulumi.Context) error {
	off, on, none, week := false, true, "NONE", 7.0
	tags := pulumi.StringMap{"team": pulumi.String("shop")}
	orders, err := NewOrderStore(ctx, "orders", &OrderStoreArgs{
		DeletionProtection: &off,
		Protect:            &off,
		ForceDestroy:       &on,
		KeyDeletionDays:    &week,
		PointInTimeDays:    &week,
		Tags:               tags,
	})
	if err != nil {
		return err
	}
	audit, err := NewAuditBucket(ctx, "audit", &AuditBucketArgs{
		Key:          orders.Key.ToStringPtrOutput(),
		LockMode:     &none,
		Protect:      &off,
		ForceDestroy: &on,
		Tags:         tags,
	})
	if err != nil {
		return err
	}
	ctx.Export("table", orders.Table)
	ctx.Export("bucket", audit.Bucket)
	ctx.Export("writegrant", audit.Writegrant)
	return nil
}

func run(ctx context.Context, verb string) error {
	stack, err := auto.UpsertStackInlineSource(ctx, "dev", "shop-in-go", program)
	if err != nil {
		return err
	}
	switch verb {
	case "up":
		result, err := stack.Up(ctx, optup.ProgressStreams(os.Stderr))
		if err != nil {
			return err
		}
		return show(result.Outputs)
	case "outputs":
		outputs, err := stack.Outputs(ctx)
		if err != nil {
			return err
		}
		return show(outputs)
	case "destroy":
		if _, err := stack.Destroy(ctx, optdestroy.ProgressStreams(os.Stderr)); err != nil {
			return err
		}
		return stack.Workspace().RemoveStack(ctx, "dev")
	}
	return fmt.Errorf("go run . takes up, outputs or destroy, not %q", verb)
}

func show(outputs auto.OutputMap) error {
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	return json.NewEncoder(os.Stdout).Encode(values)
}

func main() {
	verb := ""
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	if err := run(context.Background(), verb); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
