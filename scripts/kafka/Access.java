import java.io.FileReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.Callable;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * Makes what each user of a secure stack may do, and the users, all in one start of the JVM; ends when the broker
 * knows them. What is there already stays.
 *
 * <pre>java -cp 'libs/*' Access.java CLIENT-PROPERTIES ACLS [USERS]</pre>
 *
 * USERS has lines "name password" for SCRAM; it is a file because command lines are everybody's to read.
 */
public final class Access {
    private static final ScramCredentialInfo SCRAM =
        new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);
    private static final long PATIENCE_NANOS = 30_000_000_000L;
    private static final long STEP_MS = 20;

    private Access() {
    }

    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        try (FileReader reader = new FileReader(arguments[0], StandardCharsets.UTF_8)) {
            properties.load(reader);
        }
        try (Admin admin = Admin.create(properties)) {
            makeAcls(admin, rows(arguments[1], 5));
            if (arguments.length > 2) {
                makeUsers(admin, rows(arguments[2], 2));
            }
        }
    }

    /** A file's lines, without comments, each cut into so many words. */
    private static List<String[]> rows(String file, int words) throws Exception {
        List<String[]> rows = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(file))) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] row = line.trim().split(" +");
            if (row.length != words) {
                throw new IllegalArgumentException(file + ": a line has not " + words + " words");
            }
            rows.add(row);
        }
        return rows;
    }

    private static void makeUsers(Admin admin, List<String[]> rows) throws Exception {
        List<UserScramCredentialAlteration> users = new ArrayList<>();
        for (String[] row : rows) {
            users.add(new UserScramCredentialUpsertion(row[0], SCRAM, row[1]));
        }
        admin.alterUserScramCredentials(users).all().get();
        await(() -> admin.describeUserScramCredentials().all().get().size() >= users.size());
    }

    private static void makeAcls(Admin admin, List<String[]> rows) throws Exception {
        List<AclBinding> acls = new ArrayList<>();
        for (String[] row : rows) {
            ResourcePattern resource = new ResourcePattern(
                ResourceType.fromString(row[1].replace('-', '_')), row[3],
                PatternType.valueOf(row[2].toUpperCase(Locale.ROOT)));
            for (String operation : row[4].split(",")) {
                acls.add(new AclBinding(resource, new AccessControlEntry(
                    "User:" + row[0], "*", AclOperation.fromString(operation), AclPermissionType.ALLOW)));
            }
        }
        admin.createAcls(acls).all().get();
        await(() -> admin.describeAcls(AclBindingFilter.ANY).values().get().containsAll(acls));
    }

    /** The controller has answered; the broker follows in a moment. */
    private static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the broker does not take over what its controller has");
            }
            Thread.sleep(STEP_MS);
        }
    }
}
