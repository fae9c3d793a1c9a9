# With a Timeout, IO::Socket connects without blocking. HOST answers at PORT and refuses at CLOSED.
use strict;
use warnings;
use Errno qw(ECONNREFUSED);
use IO::Socket::IP;

my ($host, $port, $closed) = @ARGV;
my %common = (PeerHost => $host, Type => SOCK_STREAM, Timeout => 30);
my $connection = IO::Socket::IP->new(%common, PeerPort => $port) or die "connect: $@";
print $connection "hello target\n";
$connection->flush;
my $answer = join '', <$connection>;
die "answer: $answer" unless $answer eq "you said hello target\n";
die 'connected' if IO::Socket::IP->new(%common, PeerPort => $closed);
die "errno: $!" unless $! == ECONNREFUSED;
print "as expected\n";
