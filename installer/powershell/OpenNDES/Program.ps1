# SPDX-License-Identifier: Apache-2.0
#
# Finding openndes.exe, running one command of it, and its failures as PowerShell errors.

# OPENNDES_EXE (tests), InstallDir in the registry (installer), then the module's own folder and those
# above it.
function Get-OpenNdesProgramPath {
    if ($env:OPENNDES_EXE) {
        return $env:OPENNDES_EXE
    }
    $candidates = New-Object System.Collections.Generic.List[string]
    if ([System.Environment]::OSVersion.Platform -eq 'Win32NT') {
        # the 64-bit view, also from a 32-bit PowerShell
        $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
        $key = $machine.OpenSubKey('SOFTWARE\OpenNDES\OpenNDES')
        if ($null -ne $key) {
            $installed = $key.GetValue('InstallDir')
            if ($installed) {
                $candidates.Add([System.IO.Path]::Combine([string]$installed, 'openndes.exe'))
            }
            $key.Dispose()
        }
        $machine.Dispose()
    }
    $folder = $PSScriptRoot
    for ($level = 0; $level -lt 3 -and $folder; $level++) {
        $candidates.Add([System.IO.Path]::Combine($folder, 'openndes.exe'))
        $folder = [System.IO.Path]::GetDirectoryName($folder)
    }
    foreach ($candidate in $candidates) {
        if ([System.IO.File]::Exists($candidate)) {
            return $candidate
        }
    }
    return $null
}

# One argument as CommandLineToArgvW takes it apart again. Windows PowerShell has no ArgumentList.
function ConvertTo-OpenNdesArgument {
    param([string]$Text)

    if ($Text -ne '' -and $Text -notmatch '[\s"]') {
        return $Text
    }
    # backslashes count double before a quote, and before the closing one
    $escaped = [regex]::Replace($Text, '(\\*)"', '$1$1\"')
    $escaped = [regex]::Replace($escaped, '(\\+)\z', '$1$1')
    return '"' + $escaped + '"'
}

# The line that the program reads: UTF-8 and a line feed. The caller wipes it.
function ConvertTo-OpenNdesSecretLine {
    param([System.Security.SecureString]$Secret)

    $characters = New-Object char[] $Secret.Length
    $pointer = [System.Runtime.InteropServices.Marshal]::SecureStringToGlobalAllocUnicode($Secret)
    try {
        [System.Runtime.InteropServices.Marshal]::Copy($pointer, $characters, 0, $characters.Length)
        $encoding = New-Object System.Text.UTF8Encoding $false
        $line = New-Object byte[] ($encoding.GetByteCount($characters) + 1)
        [void]$encoding.GetBytes($characters, 0, $characters.Length, $line, 0)
        $line[$line.Length - 1] = 10
    }
    finally {
        [System.Runtime.InteropServices.Marshal]::ZeroFreeGlobalAllocUnicode($pointer)
        [array]::Clear($characters, 0, $characters.Length)
    }
    return , $line
}

# Start the program, hand it the secret, wait. Gives ExitCode, Output, ErrorText.
function Start-OpenNdesProcess {
    param([string]$Path, [string[]]$Argument, [System.Security.SecureString]$Secret)

    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = $Path
    $start.Arguments = ($Argument | ForEach-Object -Process { ConvertTo-OpenNdesArgument -Text $_ }) -join ' '
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardOutputEncoding = New-Object System.Text.UTF8Encoding $false
    $start.StandardErrorEncoding = $start.StandardOutputEncoding
    $line = $null
    $process = [System.Diagnostics.Process]::Start($start)
    try {
        # both at once: a full pipe would stop the program
        $output = $process.StandardOutput.ReadToEndAsync()
        $errorText = $process.StandardError.ReadToEndAsync()
        try {
            if ($null -ne $Secret) {
                $line = ConvertTo-OpenNdesSecretLine -Secret $Secret
                $process.StandardInput.BaseStream.Write($line, 0, $line.Length)
                $process.StandardInput.BaseStream.Flush()
            }
            $process.StandardInput.Close()
        }
        catch [System.IO.IOException] {
            # the program has ended already, and its message says more than a broken pipe
            Write-Verbose -Message $_.Exception.Message
        }
        $process.WaitForExit()
        return [PSCustomObject]@{
            ExitCode  = $process.ExitCode
            Output    = $output.Result
            ErrorText = $errorText.Result
        }
    }
    finally {
        if ($null -ne $line) {
            [array]::Clear($line, 0, $line.Length)
        }
        $process.Dispose()
    }
}

# What PowerShell calls the program's exit codes.
$script:Categories = @{
    2  = 'InvalidArgument'
    3  = 'InvalidData'
    4  = 'PermissionDenied'
    5  = 'ResourceUnavailable'
    6  = 'WriteError'
    7  = 'ResourceUnavailable'
    8  = 'SecurityError'
    9  = 'ResourceBusy'
    10 = 'ObjectNotFound'
    11 = 'InvalidOperation'
}

# "openndes: SENTENCE [reason-id]" as an error whose ErrorId is the reason.
function New-OpenNdesErrorRecord {
    param([string]$ErrorText, [int]$ExitCode, [object]$Target)

    $message = $ErrorText.Trim()
    $id = 'openndes-failed'
    $found = [regex]::Match($ErrorText, '(?m)^openndes: (?<text>.*) \[(?<id>[a-z0-9-]+)\]\s*$')
    if ($found.Success) {
        $message = $found.Groups['text'].Value
        $id = $found.Groups['id'].Value
    }
    elseif ($message -eq '') {
        $message = "openndes ended with code $ExitCode and without a message."
    }
    $category = 'NotSpecified'
    if ($script:Categories.ContainsKey($ExitCode)) {
        $category = $script:Categories[$ExitCode]
    }
    $exception = New-Object System.InvalidOperationException $message
    return New-Object System.Management.Automation.ErrorRecord $exception, $id, $category, $Target
}

# Run one command for a cmdlet. A failure ends that cmdlet, unless the program fails and has printed
# its findings all the same (-AllowFailure).
function Invoke-OpenNdesProgram {
    param(
        [System.Management.Automation.PSCmdlet]$Cmdlet,
        [string[]]$Argument,
        [string]$DataFolder,
        [System.Security.SecureString]$Secret,
        [object]$Target,
        [switch]$AllowFailure
    )

    $path = Get-OpenNdesProgramPath
    if (-not $path) {
        $exception = New-Object System.IO.FileNotFoundException 'openndes.exe was not found: neither where HKLM:\SOFTWARE\OpenNDES\OpenNDES, InstallDir says nor beside this module.'
        $Cmdlet.ThrowTerminatingError((New-Object System.Management.Automation.ErrorRecord $exception, 'program-not-found', 'ObjectNotFound', $null))
    }
    $all = New-Object System.Collections.Generic.List[string]
    if ($DataFolder) {
        # as PowerShell sees it: the process has a current folder of its own
        $all.Add('--data')
        $all.Add($Cmdlet.GetUnresolvedProviderPathFromPSPath($DataFolder))
    }
    $all.AddRange($Argument)
    try {
        $result = Start-OpenNdesProcess -Path $path -Argument $all.ToArray() -Secret $Secret
    }
    catch [System.ComponentModel.Win32Exception] {
        $Cmdlet.ThrowTerminatingError((New-Object System.Management.Automation.ErrorRecord $_.Exception, 'program-not-started', 'ResourceUnavailable', $path))
    }
    if ($result.ExitCode -ne 0 -and -not ($AllowFailure -and $result.Output.Trim() -ne '')) {
        $Cmdlet.ThrowTerminatingError((New-OpenNdesErrorRecord -ErrorText $result.ErrorText -ExitCode $result.ExitCode -Target $Target))
    }
    return $result.Output
}
