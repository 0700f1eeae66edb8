@NullMarked
package io.quartet.k8s;

import org.jspecify.annotations.NullMarked;
